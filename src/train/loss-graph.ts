import { type BackwardOptions, gradients } from "../graph/autodiff.ts";
import { type Graph, makeGraph, topologicalOrder } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { crossEntropy, input, mul, reshape, sum } from "../graph/ops/index.ts";
import { type InputAttrs, inputOp } from "../graph/ops/source.ts";
import type { PaliGemmaConfig } from "../model/config.ts";
import type { ImageInput } from "../model/image-input.ts";
import { bindWeights, type LoraBinding, loraNames } from "../model/lora.ts";
import { fedFeatures, paligemmaParameters, readSequence } from "../model/paligemma.ts";

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

export interface LossGraphOptions {
  readonly differentiation?: Differentiation;
  /** Inputs whose gradient is wanted; absent: those of the adapter. */
  readonly wrt?: readonly string[];
  /** Keep the inputs of layers alone, and compute a layer's other values anew in the backward pass. */
  readonly recompute?: boolean;
}

/**
 * The loss of a micro-batch and its gradient with respect to what is trained.
 *
 * Feeds: `pixels` [B,3,S,S] or `features` [B,n,D], `tokens` [B,T], `prefixLengths` [B], `rows` [B,L] (where an answer
 * token comes next), `labels` [B,L] (that token) and `labelWeights` [B,L]: 1 / (answer tokens of the whole optimiser step),
 * 0 on padding, so that micro-batches add up to one mean over all answer tokens. Outputs: `loss` and `d NAME` for each input of `wrt`.
 */
export function lossGraph(
  c: PaliGemmaConfig,
  shape: BatchShape,
  dtype: "f32" | "f16",
  lora: LoraBinding | undefined,
  { differentiation = "gradient", wrt = adapterInputs(lora), recompute = false }: LossGraphOptions = {},
): Graph {
  const { rows: b, text, answer, image } = shape;
  const p = bindWeights(paligemmaParameters(c), dtype, lora);
  const tokens = input("tokens", "i32", [b, text]);
  const prefixLengths = input("prefixLengths", "i32", [b]);
  const rows = input("rows", "i32", [b, answer]);

  const layerInputs = new Set<Node>();
  const onLayer = (value: Node) => layerInputs.add(value);
  const features = fedFeatures(image, b, p, c, onLayer);
  const { logits } = readSequence(features, { tokens, prefixLengths, rows }, p, c, onLayer); // [B,L,V]
  const each = crossEntropy(
    reshape(logits, [b * answer, c.text.vocabSize]),
    reshape(input("labels", "i32", [b, answer]), [b * answer]),
  );
  const weighted = mul(each, reshape(input("labelWeights", "f32", [b, answer]), [b * answer]));
  const loss = reshape(sum(weighted, [0]), []);
  if (differentiation === "none") return makeGraph({ loss });
  const differentiated = differentiation === "gradient" ? loss : mul(loss, input("lossScale", "f32", []));
  return makeGraph({ loss, ...gradientsByName(differentiated, wrt, recompute ? { kept: layerInputs } : {}) });
}

const adapterInputs = (lora: LoraBinding | undefined): string[] =>
  (lora?.modules ?? []).flatMap(({ path }) => [loraNames(path).a, loraNames(path).b]);

function gradientsByName(loss: Node, wrt: readonly string[], options: BackwardOptions): Record<string, Node> {
  const inputs = new Map<string, Node>();
  for (const node of topologicalOrder([loss]))
    if (node.op === inputOp) inputs.set((node.attrs as InputAttrs).name, node);
  const nodes = gradients(
    loss,
    wrt.map((name) => inputs.get(name)!),
    options,
  );
  // In the order in which the backward pass comes to them: values of a layer need not wait for the layers below.
  return Object.fromEntries(wrt.map((name, i) => [gradientName(name), nodes[i]!] as const).toReversed());
}

/** Output name of the gradient of an input. */
export const gradientName = (input: string): string => `d ${input}`;
