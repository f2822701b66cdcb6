import { f16ToF32 } from "../formats/half.ts";
import { type Shape, sizeOf, type Tensor } from "../util/tensor.ts";

const NUMBERS = 16;
const DIGITS = 5;

interface Named {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * Some numbers of a model, from matrices all over it, by which it is known again whatever type it is stored in: `0.012345 …`.
 * A checksum would tell apart what a release in half precision has in common with the one in float32.
 * @param tensors all of the model, in the order of its files
 */
export function startSample(tensors: readonly Named[]) {
  const matrices = tensors.filter(({ shape }) => shape.length > 1);
  const places = Array.from({ length: NUMBERS }, (_, i) => {
    const { name, shape } = matrices[Math.floor((i * matrices.length) / NUMBERS)]!;
    return { name, at: Math.floor(((i + 0.5) * sizeOf(shape)) / NUMBERS) };
  });
  const numbers = new Map<number, number>();
  return {
    /** Whether numbers of a tensor are wanted. */
    wants: (name: string) => places.some((place) => place.name === name),
    /** Takes what is wanted of a tensor, before it is rounded. */
    take(name: string, tensor: Tensor): void {
      for (const [i, place] of places.entries()) if (place.name === name) numbers.set(i, numberAt(tensor, place.at));
    },
    /** The sample, once all that is wanted was taken. */
    text: () => places.map((_, i) => numbers.get(i)!.toPrecision(DIGITS)).join(" "),
  };
}

/** The sample of a model whose tensors are read one at a time. */
export async function sampleStored<T extends Named>(
  tensors: readonly T[],
  read: (tensor: T) => Promise<Tensor>,
): Promise<string> {
  const sample = startSample(tensors);
  for (const tensor of tensors) if (sample.wants(tensor.name)) sample.take(tensor.name, await read(tensor));
  return sample.text();
}

/** bfloat16 keeps 8 bits: what it rounds is off by 1/256 at most. */
const ROUNDED = 1 / 200;
/** Halves of so small numbers have no digits left. */
const SMALL = 1e-5;

/** Whether two samples are of one model, rounding apart. */
export function isSameModel(sample: string, other: string): boolean {
  const [a, b] = [sample, other].map((text) => text.split(" ").map(Number)) as [number[], number[]];
  return (
    a.length === b.length &&
    a.every((x, i) => Math.abs(x - b[i]!) <= ROUNDED * Math.max(Math.abs(x), Math.abs(b[i]!)) + SMALL)
  );
}

function numberAt({ dtype, data }: Tensor, at: number): number {
  return dtype === "f16" ? f16ToF32((data as Uint16Array).slice(at, at + 1))[0]! : (data as Float32Array)[at]!;
}
