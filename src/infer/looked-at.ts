import { BadRowError } from "../data/bad-rows.ts";
import { normalisePixels, type PixelFormat } from "../data/pixels.ts";
import { prefetch } from "../data/prefetch.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import type { Reader } from "./reader.ts";

/** Where the features [n,D] of photographs come from. */
export interface Photographs {
  readonly reader: Reader;
  readonly format: PixelFormat;
  /** Planes u8 [3,S,S] of a photograph. @throws BadRowError */
  readonly readPixels: (path: string) => Promise<Uint8Array>;
  /** Features that were kept, in place of pixels. @throws BadRowError */
  readonly readFeatures?: ((path: string) => Promise<Float32Array>) | undefined;
  /** Photographs to decode ahead of the one in use. */
  readonly ahead: number;
}

/** A group's rows with the features of their photographs, and those whose photographs cannot be read. */
export interface LookedAt {
  readonly rows: readonly { readonly sample: TokenizedSample; readonly features: Float32Array }[];
  readonly bad: readonly { readonly sample: TokenizedSample; readonly reason: string }[];
}

/** Pixels u8 [3,S,S], features f32 [n,D], or why there are none. */
type Image = Uint8Array | Float32Array | string;

/** Looks at the photographs of groups of rows, at each once; its features go after the last row that asks of it. */
export async function* lookAt(
  groups: readonly (readonly TokenizedSample[])[],
  { reader, format, readPixels, readFeatures, ahead }: Photographs,
): AsyncGenerator<LookedAt, void, void> {
  const asked = new Map<string, number>();
  for (const { imagePath } of groups.flat()) asked.set(imagePath, (asked.get(imagePath) ?? 0) + 1);
  const readOne = async (path: string): Promise<[string, Image]> => [
    path,
    await orReason<Image>((readFeatures ?? readPixels)(path)),
  ];
  const images = prefetch(asked.keys(), readOne, ahead * reader.together);
  const known = new Map<string, Float32Array | string>();

  /** Takes photographs until there are as many as are looked at together. */
  async function lookFurther(): Promise<void> {
    const unseen: [string, Uint8Array][] = [];
    while (unseen.length < reader.together) {
      const { value, done } = await images.next();
      if (done) break;
      const [path, image] = value;
      if (image instanceof Uint8Array) unseen.push([path, image]);
      else known.set(path, image);
    }
    if (unseen.length === 0) return;
    const features = await reader.look(unseen.map(([, image]) => normalisePixels([image], format)));
    for (const [i, [path]] of unseen.entries()) known.set(path, features[i]!);
  }

  function take(path: string): Float32Array | string {
    const features = known.get(path)!;
    const left = asked.get(path)! - 1;
    asked.set(path, left);
    if (left === 0) known.delete(path);
    return features;
  }

  try {
    for (const group of groups) {
      while (group.some(({ imagePath }) => !known.has(imagePath))) await lookFurther();
      const taken = group.map((sample) => ({ sample, image: take(sample.imagePath) }));
      yield {
        rows: taken.flatMap(({ sample, image }) => (typeof image === "string" ? [] : [{ sample, features: image }])),
        bad: taken.flatMap(({ sample, image }) => (typeof image === "string" ? [{ sample, reason: image }] : [])),
      };
    }
  } finally {
    await images.return();
  }
}

async function orReason<T>(read: Promise<T>): Promise<T | string> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof BadRowError) return error.message;
    throw error;
  }
}
