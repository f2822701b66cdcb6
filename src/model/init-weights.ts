import type { Random } from "../util/random.ts";
import { type Shape, sizeOf } from "../util/tensor.ts";
import type { Parameter } from "./layers.ts";

type Draw = (numbers: Float32Array, random: Random, shape: Shape, range: number) => void;

const constant =
  (value: number): Draw =>
  (numbers) =>
    void numbers.fill(value);
const normal =
  (deviation: (shape: Shape, range: number) => number): Draw =>
  (numbers, random, shape, range) => {
    const scale = deviation(shape, range);
    for (let i = 0; i < numbers.length; i++) numbers[i] = scale * random.normal();
  };
/** Uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010). */
const glorot: Draw = (numbers, random, [out, width]) => {
  const bound = Math.sqrt(6 / (out + width));
  for (let i = 0; i < numbers.length; i++) numbers[i] = bound * (2 * random.uniform() - 1);
};
const fanIn = ([out, ...rest]: Shape) => sizeOf(rest) || out;

/** How transformers starts the weights of SigLIP and Gemma, by the ends of their names; the first rule that fits holds. */
const RULES: readonly (readonly [RegExp, Draw])[] = [
  [/^vision_tower\..*norm\w*\.weight$/, constant(1)],
  [/^vision_tower\..*mlp\.fc\d\.bias$/, normal(() => 1e-6)],
  [/\.bias$/, constant(0)],
  [/position_embedding\.weight$/, normal(([, width]) => 1 / Math.sqrt(width))],
  [/patch_embedding\.weight$/, normal((shape) => 1 / Math.sqrt(fanIn(shape)))], // LeCun et al. 1998
  [/^vision_tower\..*(_proj|fc\d)\.weight$/, glorot],
  [/norm\.weight$/, constant(0)], // Gemma's: the distance from 1
  [/\.weight$/, normal((_, range) => range)],
];

/** A weight's first numbers. `range` is the standard deviation of Gemma's matrices and of the projector. */
export function initWeight({ name, shape }: Parameter, random: Random, range: number): Float32Array {
  const numbers = new Float32Array(sizeOf(shape));
  const [, draw] = RULES.find(([pattern]) => pattern.test(name))!;
  draw(numbers, random, shape, range);
  return numbers;
}
