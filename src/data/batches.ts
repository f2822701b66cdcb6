import { random } from "../util/random.ts";
import { type BadRow, BadRowError } from "./bad-rows.ts";
import { normalisePixels, type PixelFormat, type PixelReader } from "./pixels.ts";
import { prefetch } from "./prefetch.ts";
import { paddedLength, type TokenizedSample } from "./tokenize.ts";

/** Rows as a model takes them. B rows, S side of an image, T text tokens; image tokens are left to the model. */
export interface Batch {
  /** Number of the batch in its order, from 0. */
  readonly index: number;
  readonly rows: readonly TokenizedSample[];
  /** [B,3,S,S]; empty where there are features. */
  readonly pixels: Float32Array;
  /** [B,n,D], image features that were kept. */
  readonly features?: Float32Array;
  /** u8 [B,n,3]: the characters in each patch, where they are to be named. */
  readonly characters?: Uint8Array;
  /** [B,T]: `<bos> prompt \n`, the answer and `<eos>`, then padding. */
  readonly tokens: Int32Array;
  /** [B]: tokens of `<bos> prompt \n`. */
  readonly prefixLengths: Int32Array;
  /** [B]: tokens of the answer with its `<eos>`. */
  readonly suffixLengths: Int32Array;
}

/** The order of `n` rows in an epoch, from 0. A function of its arguments alone: a resumed run finds it again. */
export function epochOrder(n: number, seed: number, epoch: number, shuffle: boolean): ArrayLike<number> {
  return shuffle ? random(seed, `order of epoch ${epoch}`).permutation(n) : Int32Array.from({ length: n }, (_, i) => i);
}

export interface BatchOptions {
  readonly samples: readonly TokenizedSample[];
  /** Numbers of samples, in the order to take them. */
  readonly order: ArrayLike<number>;
  /** Rows of a batch; the last one may have fewer. */
  readonly batch: number;
  /** Batch to begin with: those before it were taken by the run that is resumed. */
  readonly first?: number;
  readonly padId: number;
  /** Short texts are padded to a multiple of so many tokens. */
  readonly textUnit: number;
  readonly format: PixelFormat;
  readonly reader: PixelReader;
  /** Where image features are kept: reads those of an image [n,D]. @throws BadRowError */
  readonly readFeatures?: ((path: string) => Promise<Float32Array>) | undefined;
  /** Batches to make ahead of the one in use. */
  readonly ahead: number;
  /** Told of a row that is left out since its image cannot be read; what it throws ends the batches. */
  readonly onBadRow: (row: BadRow) => void;
}

/** Batches of samples, read ahead. A batch whose every row is bad is passed over; `index` counts it all the same. */
export async function* readBatches(options: BatchOptions): AsyncGenerator<Batch, void, void> {
  for await (const { index, loaded } of prefetch(batchNumbers(options), (i) => loadBatch(i, options), options.ahead)) {
    const good = loaded.flatMap((row) => ("image" in row ? [row] : []));
    for (const row of loaded) if ("reason" in row) options.onBadRow(row);
    if (good.length === 0) continue;
    const rows = good.map((row) => row.sample);
    yield { index, rows, ...joinImages(good, options), ...joinCharacters(rows), ...padTokens(rows, options) };
  }
}

interface Good {
  readonly sample: TokenizedSample;
  /** u8 [3,S,S], or f32 [n,D]. */
  readonly image: Uint8Array | Float32Array;
}
type Loaded = Good | BadRow;

function joinImages(rows: readonly Good[], { format, readFeatures }: BatchOptions): Pick<Batch, "pixels" | "features"> {
  if (!readFeatures)
    return {
      pixels: normalisePixels(
        rows.map(({ image }) => image as Uint8Array),
        format,
      ),
    };
  const size = rows[0].image.length;
  const features = new Float32Array(rows.length * size);
  for (const [i, { image }] of rows.entries()) features.set(image, i * size);
  return { pixels: new Float32Array(0), features };
}

function joinCharacters(rows: readonly TokenizedSample[]): Pick<Batch, "characters"> {
  const all = rows.flatMap(({ characters }) => (characters ? [characters] : []));
  return all.length === 0 ? {} : { characters: Buffer.concat(all) };
}

function* batchNumbers({ order, batch, first = 0 }: BatchOptions): Generator<number> {
  for (let index = first; index * batch < order.length; index++) yield index;
}

async function loadBatch(index: number, { samples, order, batch, reader, readFeatures }: BatchOptions) {
  const read = readFeatures ?? ((path: string) => reader.read(path));
  const size = Math.min(batch, order.length - index * batch);
  const rows = Array.from({ length: size }, (_, i) => load(read, samples[order[index * batch + i]]));
  return { index, loaded: await Promise.all(rows) };
}

async function load(read: (path: string) => Promise<Good["image"]>, sample: TokenizedSample): Promise<Loaded> {
  try {
    return { sample, image: await read(sample.imagePath) };
  } catch (error) {
    if (error instanceof BadRowError) return { line: sample.line, reason: error.message };
    throw error;
  }
}

/** Texts side by side, padded on the right. */
function padTokens(rows: readonly TokenizedSample[], { padId, textUnit }: Pick<BatchOptions, "padId" | "textUnit">) {
  const texts = rows.map(({ prefix, suffix }) => [...prefix, ...suffix]);
  const width = paddedLength(Math.max(...texts.map((text) => text.length)), textUnit);
  const tokens = new Int32Array(rows.length * width).fill(padId);
  for (const [i, text] of texts.entries()) tokens.set(text, i * width);
  return {
    tokens,
    prefixLengths: Int32Array.from(rows, (row) => row.prefix.length),
    suffixLengths: Int32Array.from(rows, (row) => row.suffix.length),
  };
}
