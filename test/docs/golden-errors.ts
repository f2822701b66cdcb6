import type { Engine, Tensors } from "../../src/engine/engine.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { input } from "../../src/graph/ops/index.ts";
import { numImageTokens } from "../../src/model/config.ts";
import { type Adapter, bindWeights, type LoraBinding, loraNames } from "../../src/model/lora.ts";
import { imageFeatures, paligemmaParameters, readSequence } from "../../src/model/paligemma.ts";
import { learningRate } from "../../src/train/schedule.ts";
import { layOutAdapter, trainAdapter } from "../../src/train/trained.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeDistance, relativeError } from "../support/errors.ts";
import { type Golden, goldenKey } from "../support/goldens.ts";
import { mergeAdapter } from "../support/merge-adapter.ts";
import { readDocument, readTable } from "./documents.ts";

const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, max_grad_norm: 1, seed: 0 } as const;
const COSINE = { lr: 1e-2, schedule: "cosine", warmup_steps: 2 } as const;

/** How far it may be, by quantity: the last column of that table; Infinity where there is no limit. */
export function errorLimits(): ReadonlyMap<string, number> {
  const rows = readTable(readDocument("docs/numerics.md"), "quantity");
  return new Map(
    rows.map(([quantity, ...cells]) => [quantity!, cells.at(-1) === "none" ? Infinity : Number(cells.at(-1))]),
  );
}

/** How far an engine is from torch, by quantity; the names are the rows of the table in docs/numerics.md. */
export async function measureErrors(engine: Engine, golden: Golden): Promise<Readonly<Record<string, number>>> {
  return { ...(await forwardErrors(engine, golden)), ...(await trainingErrors(engine, golden)) };
}

async function forwardErrors(engine: Engine, golden: Golden): Promise<Record<string, number>> {
  const { model, adapter, lora } = golden;
  const base = await forward(engine, golden, model.weights);
  const adapted = await forward(engine, golden, model.weights, { lora, adapter });
  const merged = await forward(engine, golden, mergeAdapter(model.weights, trainedAdapter(golden), lora.scale));
  return {
    "image features": relativeError(base.features, numbers(golden, "base.image_features")),
    "logits of the base": logitsError(golden, base.logits, "base.logits"),
    "logits with the adapter": logitsError(golden, adapted.logits, "lora.logits"),
    "logits after training, adapter merged": logitsError(golden, merged.logits, "merged.logits"),
  };
}

async function trainingErrors(engine: Engine, golden: Golden): Promise<Record<string, number>> {
  const { model, lora, adapter, batch, scalars } = golden;
  const trainer = createTrainer(engine, model, trainAdapter(model, lora, adapter), ADAMW);
  const numbersOf = (vector: Float32Array, key: string) =>
    layOutAdapter(lora.modules, lora.rank).places.map(({ path, matrix, start, shape }) => ({
      actual: vector.subarray(start, start + shape[0]! * shape[1]!),
      expected: numbers(golden, `${key}.${goldenKey(path, matrix)}`),
    }));
  const history: { loss: number; gradNorm: number; lr: number }[] = [];
  let gradient = 0;
  for (let step = 1; step <= 6; step++) {
    const { loss, gradNorm } = await trainer.differentiate([batch], step);
    if (step === 1) gradient = largestError(numbersOf(trainer.gradient, "lora.grad"));
    const lr = learningRate(step, 6, COSINE);
    history.push({ loss, gradNorm, lr });
    trainer.update(gradNorm, lr);
  }
  const matrices = numbersOf(trainer.values, "adamw.final");
  await trainer.release();
  const worst = (column: "loss" | "gradNorm" | "lr", key: string) =>
    Math.max(...history.map((row, i) => relativeError([row[column]], [scalars[key]![i]!])));
  return {
    "loss with the adapter": relativeError([history[0]!.loss], [scalars["lora.loss"]!]),
    "gradient of each adapter matrix": gradient,
    "six AdamW steps: loss": worst("loss", "adamw.losses"),
    "six AdamW steps: gradient norm": worst("gradNorm", "adamw.grad_norms"),
    "six AdamW steps: learning rate": worst("lr", "adamw.lrs"),
    "six AdamW steps: adapter, by length": relativeDistance(
      matrices.flatMap(({ actual }) => [...actual]),
      matrices.flatMap(({ expected }) => [...expected]),
    ),
    "six AdamW steps: adapter, by its worst number": largestError(matrices),
  };
}

function largestError(pairs: readonly { actual: Float32Array; expected: Float32Array }[]): number {
  return Math.max(...pairs.map(({ actual, expected }) => relativeError(actual, expected)));
}

function numbers({ tensors }: Golden, key: string): Float32Array {
  return tensors.get(key)!.data as Float32Array;
}

function trainedAdapter(golden: Golden): Adapter {
  const matrix = (path: string, which: "a" | "b") =>
    golden.tensors.get(`adamw.final.${goldenKey(path, which)}`) as Tensor<"f32">;
  return new Map(golden.lora.modules.map(({ path }) => [path, { a: matrix(path, "a"), b: matrix(path, "b") }]));
}

/** Image features [B,n,D] and logits [B,n+T,V] of every place. */
async function forward(
  engine: Engine,
  { model: { config: c, dtype }, tensors, batch }: Golden,
  weights: Tensors,
  adapted?: { readonly lora: LoraBinding; readonly adapter: Adapter },
): Promise<{ features: Float32Array; logits: Float32Array }> {
  const [n, b] = [numImageTokens(c.vision), batch.prefixLengths.length];
  const [text, size] = [batch.tokens.length / b, n + batch.tokens.length / b];
  const feeds = {
    pixels: tensors.get("in.pixel_values")!,
    tokens: tensor("i32", [b, text], batch.tokens),
    prefixLengths: tensor(
      "i32",
      [b],
      batch.prefixLengths.map((length) => n + length),
    ),
    rows: tensor(
      "i32",
      [b, size],
      Int32Array.from({ length: b * size }, (_, i) => i % size),
    ),
  };
  const declared = (name: keyof typeof feeds): Node => input(name, feeds[name].dtype, feeds[name].shape);
  const p = bindWeights(paligemmaParameters(c), dtype, adapted?.lora);
  const features = imageFeatures(declared("pixels"), p, c);
  const inputs = { tokens: declared("tokens"), prefixLengths: declared("prefixLengths"), rows: declared("rows") };
  const graph = makeGraph({ features, logits: readSequence(features, inputs, p, c).logits });
  const matrices = [...(adapted?.adapter ?? [])].flatMap(([path, { a, b }]): [string, Tensor][] => [
    [loraNames(path).a, a],
    [loraNames(path).b, b],
  ]);
  const program = await engine.compile(graph, weights);
  const outputs = await program.run({ ...feeds, ...Object.fromEntries(matrices) });
  await program.release();
  return { features: outputs.features!.data as Float32Array, logits: outputs.logits!.data as Float32Array };
}

/** Of real tokens alone: nobody reads what a padding place answers. */
function logitsError(golden: Golden, logits: Float32Array, key: string): number {
  const v = golden.model.config.text.vocabSize;
  const mask = golden.tensors.get("in.attention_mask")!.data as BigInt64Array;
  const real = (all: Float32Array) => all.filter((_, i) => mask[Math.floor(i / v)] === 1n);
  return relativeError(real(logits), real(numbers(golden, key)));
}
