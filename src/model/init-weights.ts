import type { Random, RandomState } from "../util/random.ts";
import { fillWords } from "../util/random-words.ts";
import { type Shape, sizeOf } from "../util/tensor.ts";
import type { Parameter } from "./layers.ts";

/** How the numbers of a weight are drawn: each alike, and from its own place in the weight's stream. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** In ±bound. */
  | { readonly kind: "uniform"; readonly bound: number };

type Rule = (shape: Shape, range: number) => Distribution;

const constant =
  (value: number): Rule =>
  () => ({ kind: "constant", value });
const normal =
  (deviation: (shape: Shape, range: number) => number): Rule =>
  (shape, range) => ({ kind: "normal", deviation: deviation(shape, range) });
/** Uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010). */
const glorot: Rule = ([out, width]) => ({ kind: "uniform", bound: Math.sqrt(6 / (out + width)) });
const fanIn = ([out, ...rest]: Shape) => sizeOf(rest) || out;

/** How transformers starts the weights of SigLIP and Gemma, by the ends of their names; the first rule that fits holds. */
const RULES: readonly (readonly [RegExp, Rule])[] = [
  [/^vision_tower\..*norm\w*\.weight$/, constant(1)],
  [/^vision_tower\..*mlp\.fc\d\.bias$/, normal(() => 1e-6)],
  [/\.bias$/, constant(0)],
  [/position_embedding\.weight$/, normal(([, width]) => 1 / Math.sqrt(width))],
  [/patch_embedding\.weight$/, normal((shape) => 1 / Math.sqrt(fanIn(shape)))], // LeCun et al. 1998
  [/^vision_tower\..*(_proj|fc\d)\.weight$/, glorot],
  [/norm\.weight$/, constant(0)], // Gemma's: the distance from 1
  [/\.weight$/, normal((_, range) => range)],
];

/** `range` is the standard deviation of Gemma's matrices and of the projector. */
export function distributionOf({ name, shape }: Parameter, range: number): Distribution {
  const [, rule] = RULES.find(([pattern]) => pattern.test(name))!;
  return rule(shape, range);
}

/** A weight's first numbers, from a stream of its own. */
export function initWeight(parameter: Parameter, random: Random, range: number): Float32Array {
  const numbers = new Float32Array(sizeOf(parameter.shape));
  drawNumbers(numbers, distributionOf(parameter, range), random.state);
  return numbers;
}

/** Words of the stream that a number takes: two for each fraction. */
export const WORDS_OF = { constant: 0, uniform: 2, normal: 4 } as const;

/** Numbers drawn at a time: their words stay in the cache. */
const BLOCK = 4096;

/** Fills `numbers` with those that the stream gives from `state` on. */
export function drawNumbers(numbers: Float32Array, distribution: Distribution, state: RandomState): void {
  if (distribution.kind === "constant") return void numbers.fill(distribution.value);
  const width = WORDS_OF[distribution.kind];
  const words = new Uint32Array(width * Math.min(BLOCK, numbers.length));
  let next = state;
  for (let begin = 0; begin < numbers.length; begin += BLOCK) {
    const block = numbers.subarray(begin, begin + BLOCK);
    next = fillWords(words.subarray(0, width * block.length), next);
    if (distribution.kind === "normal") toNormal(words, block, distribution.deviation);
    else toUniform(words, block, distribution.bound);
  }
}

/** As `Random.normal` makes one of two fractions. */
function toNormal(words: Uint32Array, numbers: Float32Array, deviation: number): void {
  for (let i = 0, w = 0; i < numbers.length; i++, w += 4) {
    const radius = Math.sqrt(-2 * Math.log(1 - fraction(words[w], words[w + 1])));
    numbers[i] = deviation * (radius * Math.cos(2 * Math.PI * fraction(words[w + 2], words[w + 3])));
  }
}

function toUniform(words: Uint32Array, numbers: Float32Array, bound: number): void {
  for (let i = 0, w = 0; i < numbers.length; i++, w += 2) {
    numbers[i] = bound * (2 * fraction(words[w], words[w + 1]) - 1);
  }
}

/** As `Random.uniform` makes it. */
const fraction = (high: number, low: number) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
