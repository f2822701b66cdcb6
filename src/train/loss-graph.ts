import { PATCH_CHARACTERS } from "../data/characters.ts";
import { type BackwardOptions, gradients } from "../graph/autodiff.ts";
import { cutChain, gradientName, type Link } from "../graph/chain.ts";
import { type Graph, makeGraph, topologicalOrder } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { add, crossEntropy, input, mul, reshape, scale, sum } from "../graph/ops/index.ts";
import { inputName, inputOp } from "../graph/ops/source.ts";
import { nameCharacters } from "../model/character-head.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import type { ImageInput } from "../model/image-input.ts";
import type { OnLayer } from "../model/layers.ts";
import { type BindOptions, bindWeights, type LoraBinding, loraNames } from "../model/lora.ts";
import { fedFeatures, type PaliGemma, paligemmaParameters, readSequence } from "../model/paligemma.ts";

/** Sizes of a micro-batch: programs are compiled for each. */
export interface BatchShape {
  /** Rows, B. */
  readonly rows: number;
  /** Text tokens of the longest row, T, without image tokens. */
  readonly text: number;
  /** Answer tokens of the longest row, L. */
  readonly answer: number;
  readonly image: ImageInput;
}

/** What is asked of a loss graph beside the loss: nothing, its gradient, or that of the loss times the input `lossScale` []. */
export type Differentiation = "none" | "gradient" | "scaled gradient";

/** Weights of the losses that are added up. Without answers, no language is read. */
export interface Objective {
  readonly answers: number;
  /** Naming the characters in each patch of the image. */
  readonly characters: number;
}

export const ANSWERS_ALONE: Objective = { answers: 1, characters: 0 };

export interface LossGraphOptions {
  readonly differentiation?: Differentiation;
  /** Inputs whose gradient is wanted; absent: those of the adapter. */
  readonly wrt?: readonly string[];
  /** Keep the inputs of layers alone, and compute a layer's other values anew in the backward pass. */
  readonly recompute?: boolean;
  readonly objective?: Objective;
}

/**
 * The loss of a micro-batch and its gradient with respect to what is trained.
 *
 * Feeds: `pixels` [B,3,S,S] or `features` [B,n,D], `tokens` [B,T], `prefixLengths` [B], `rows` [B,L] (where an answer
 * token comes next), `labels` [B,L] (that token) and `labelWeights` [B,L]: 1 / (answer tokens of the whole optimiser step),
 * 0 on padding, so that micro-batches add up to one mean over all answer tokens. Where characters are named: `characters`
 * [B,n,3] and `characterWeight` []: 1 / (their number in the whole step). Outputs: `loss`, each loss that it is the weighted
 * sum of, and `d NAME` for each input of `wrt`.
 */
export function lossGraph(
  c: PaliGemmaConfig,
  shape: BatchShape,
  dtype: "f32" | "f16",
  lora: LoraBinding | undefined,
  {
    differentiation = "gradient",
    wrt = adapterInputs(lora),
    recompute = false,
    objective = ANSWERS_ALONE,
  }: LossGraphOptions = {},
): Graph {
  const { outputs, layers } = computeLoss(c, shape, dtype, lora, objective);
  if (differentiation === "none") return makeGraph(outputs);
  const { loss } = outputs;
  const differentiated = differentiation === "gradient" ? loss : mul(loss, input("lossScale", "f32", []));
  const options = recompute ? { kept: new Set(layers) } : {};
  return makeGraph({ ...outputs, ...gradientsByName(differentiated, wrt, options) });
}

export interface LossChainOptions {
  /** As in {@link LossGraphOptions}. */
  readonly wrt?: readonly string[];
  /** Weight of the answers' loss. */
  readonly answers?: number;
}

/**
 * The answers' loss as a chain of layers; feeds as in {@link lossGraph}. The last link's value is the loss. Chains are for large
 * models: their hidden units are taken a part at a time, unless the weights themselves are trained.
 */
export function lossChain(
  c: PaliGemmaConfig,
  shape: BatchShape,
  dtype: "f32" | "f16",
  lora: LoraBinding | undefined,
  { wrt = adapterInputs(lora), answers = 1 }: LossChainOptions = {},
): Link[] {
  const inParts = lora !== undefined;
  const { outputs, layers } = computeLoss(c, shape, dtype, lora, { answers, characters: 0 }, { inParts });
  return cutChain([...layers, outputs.loss], wrt);
}

/** The loss and its parts, and what goes into each layer and comes out of the last, in order. */
function computeLoss(
  c: PaliGemmaConfig,
  shape: BatchShape,
  dtype: "f32" | "f16",
  lora: LoraBinding | undefined,
  objective: Objective,
  options: BindOptions = {},
): { outputs: Record<string, Node> & { loss: Node }; layers: readonly Node[] } {
  const p = bindWeights(paligemmaParameters(c), dtype, lora, options);
  const layers: Node[] = [];
  const onLayer = (value: Node) => void layers.push(value);
  const features = fedFeatures(shape.image, shape.rows, p, c, onLayer);
  const losses = {
    ...(objective.answers > 0 && { answers: answerLoss(features, shape, p, c, onLayer) }),
    ...(objective.characters > 0 && { characters: characterLoss(features, shape, c) }),
  };
  const loss = Object.entries(losses)
    .map(([name, each]) => weigh(each, objective[name as keyof Objective]))
    .reduce((sum, each) => add(sum, each));
  const parts = Object.entries(losses).map(([name, each]) => [lossName(name), each] as const);
  return { outputs: { loss, ...(objective.characters > 0 && Object.fromEntries(parts)) }, layers };
}

/** Output name of a part of the loss. */
export const lossName = (part: string): string => `loss of ${part}`;

const weigh = (loss: Node, weight: number) => (weight === 1 ? loss : scale(loss, weight));

/** Σ w·CE over the answers' tokens: []. */
function answerLoss(
  features: Node,
  { rows: b, text, answer }: BatchShape,
  p: PaliGemma<Node>,
  c: PaliGemmaConfig,
  onLayer: OnLayer,
): Node {
  const tokens = input("tokens", "i32", [b, text]);
  const prefixLengths = input("prefixLengths", "i32", [b]);
  const rows = input("rows", "i32", [b, answer]);
  const { logits } = readSequence(features, { tokens, prefixLengths, rows }, p, c, onLayer); // [B,L,V]
  const each = crossEntropy(
    reshape(logits, [b * answer, c.text.vocabSize]),
    reshape(input("labels", "i32", [b, answer]), [b * answer]),
  );
  const weighted = mul(each, reshape(input("labelWeights", "f32", [b, answer]), [b * answer]));
  return reshape(sum(weighted, [0]), []);
}

/** w·ΣCE over the characters of all patches, those that are not there included: []. */
function characterLoss(features: Node, { rows: b }: BatchShape, c: PaliGemmaConfig): Node {
  const patches = numImageTokens(c.vision);
  const named = nameCharacters(features, c); // [B,n,3,C]
  const count = b * patches * PATCH_CHARACTERS;
  const labels = input("characters", "i32", [b, patches, PATCH_CHARACTERS]);
  const each = crossEntropy(reshape(named, [count, named.type.shape.at(-1)!]), reshape(labels, [count]));
  return mul(reshape(sum(each, [0]), []), input("characterWeight", "f32", []));
}

const adapterInputs = (lora: LoraBinding | undefined): string[] =>
  (lora?.modules ?? []).flatMap(({ path }) => [loraNames(path).a, loraNames(path).b]);

function gradientsByName(loss: Node, wrt: readonly string[], options: BackwardOptions): Record<string, Node> {
  const inputs = new Map<string, Node>();
  for (const node of topologicalOrder([loss])) if (node.op === inputOp) inputs.set(inputName(node), node);
  const nodes = gradients(
    loss,
    wrt.map((name) => inputs.get(name)!),
    options,
  );
  // In the order in which the backward pass comes to them: values of a layer need not wait for the layers below.
  return Object.fromEntries(wrt.map((name, i) => [gradientName(name), nodes[i]!] as const).toReversed());
}
