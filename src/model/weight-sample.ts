import type { Tensors } from "../engine/engine.ts";
import { f16ToF32 } from "../formats/half.ts";
import { type Shape, sizeOf, type Tensor } from "../util/tensor.ts";

const NUMBERS = 16;
const DIGITS = 5;

/**
 * Some numbers of a model, from matrices all over it, by which it is known again whatever type it is stored in: `0.012345 …`.
 * A checksum would tell apart what a release in half precision has in common with the one in float32.
 */
export function sampleWeights(weights: Tensors): string {
  const places = placesIn(Object.entries(weights).map(([name, { shape }]) => ({ name, shape })));
  return inDigits(places.map(({ name, at }) => numberAt(weights[name]!, at)));
}

interface Named {
  readonly name: string;
  readonly shape: Shape;
}

/** The same of a model whose tensors are read one at a time; they are given in the order that they have in memory. */
export async function sampleStored<T extends Named>(
  tensors: readonly T[],
  read: (tensor: T) => Promise<Tensor>,
): Promise<string> {
  const numbers: number[] = [];
  for (const { tensor, at } of placesIn(tensors)) numbers.push(numberAt(await read(tensor), at));
  return inDigits(numbers);
}

/** Which number of which matrix. */
function placesIn<T extends Named>(tensors: readonly T[]) {
  const matrices = tensors.filter(({ shape }) => shape.length > 1);
  return Array.from({ length: NUMBERS }, (_, i) => {
    const tensor = matrices[Math.floor((i * matrices.length) / NUMBERS)]!;
    return { tensor, name: tensor.name, at: Math.floor(((i + 0.5) * sizeOf(tensor.shape)) / NUMBERS) };
  });
}

const inDigits = (numbers: readonly number[]) => numbers.map((number) => number.toPrecision(DIGITS)).join(" ");

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
