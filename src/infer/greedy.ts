import type { Batch } from "../data/batches.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { programsBySize } from "../engine/programs.ts";
import type { Graph } from "../graph/graph.ts";
import { numImageTokens } from "../model/config.ts";
import { feedImages, imageInputOf } from "../model/image-input.ts";
import type { LoraBinding } from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { type Tensor, tensor } from "../util/tensor.ts";
import { type DecodeShape, pastNames, prefillGraph, presentNames, stepGraph } from "./decode-graphs.ts";

/** What answering reads of a batch: rows without their answers. */
export type PromptBatch = Pick<Batch, "pixels" | "features" | "tokens" | "prefixLengths">;

export interface Decoder {
  /**
   * The most likely next token, again and again: each row's answer up to, not including, `<eos>`, at most `maxNewTokens`
   * long. `adapter` holds the graph inputs of the adapter, if there is one.
   */
  answer(prompts: PromptBatch, maxNewTokens: number, adapter?: Tensors): Promise<number[][]>;
  release(): Promise<void>;
}

/** Greedy decoding with a key/value cache: the prompt is read once, then each step reads one token a row. */
export function greedyDecoder(engine: Engine, model: Model, lora?: LoraBinding): Decoder {
  const { config: c, dtype, weights } = model;
  const prefills = programsBySize<DecodeShape>(engine, weights, (size) => prefillGraph(c, size, dtype, lora));
  const steps = programsBySize<Pick<DecodeShape, "rows" | "capacity">>(engine, weights, (size) =>
    stepGraph(c, size, dtype, lora),
  );
  const image = numImageTokens(c.vision);
  const layers = Array.from({ length: c.text.numLayers }, (_, layer) => layer);

  return {
    async answer(prompts, maxNewTokens, adapter = {}) {
      const { tokens, prefixLengths } = prompts;
      const rows = prefixLengths.length;
      const text = tokens.length / rows;
      const capacity = image + text + maxNewTokens;
      const filled = prefixLengths.map((length) => image + length);

      const prefill = await prefills.get({ rows, text, capacity, image: imageInputOf(prompts) });
      const first = await prefill.run({
        ...feedImages(prompts, rows, c),
        tokens: tensor("i32", [rows, text], tokens),
        prefixLengths: tensor("i32", [rows], filled),
        rows: tensor(
          "i32",
          [rows, 1],
          filled.map((n) => n - 1),
        ),
        ...inputsOf(prefill.graph, adapter),
      });
      const buffers = layers.flatMap((layer) =>
        (["k", "v"] as const).map((which) => {
          const [past, present] = [pastNames(layer)[which], presentNames(layer)[which]];
          return { past, present, tensor: first[present]! };
        }),
      );
      const past = Object.fromEntries(buffers.map(({ past, tensor }) => [past, tensor]));

      const answers: number[][] = Array.from({ length: rows }, () => []);
      const open = new Set(answers.keys());
      let logits = first.logits!;
      while (true) {
        const next = argmaxRows(logits, rows);
        for (const row of open) {
          if (next[row] === c.eosTokenId) open.delete(row);
          else if (answers[row]!.push(next[row]!) === maxNewTokens) open.delete(row);
        }
        if (open.size === 0) return answers;
        const step = await steps.get({ rows, capacity });
        const own = await step.run({
          token: tensor("i32", [rows, 1], next),
          filled: tensor("i32", [rows], filled),
          ...past,
          ...inputsOf(step.graph, adapter),
        });
        for (const { present, tensor } of buffers) keep(tensor, own[present]!, filled);
        for (const row of open) filled[row]!++;
        logits = own.logits!;
      }
    },
    async release() {
      await Promise.all([prefills.release(), steps.release()]);
    },
  };
}

/** Those of `tensors` that a graph reads: a decoding step has no use for an adapter of the vision tower. */
function inputsOf(graph: Graph, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => graph.inputs.has(name)));
}

/** Writes each row's new vector [B,1,W] into place `filled` of its buffer [B,C,W]. */
function keep(buffer: Tensor, own: Tensor, filled: Int32Array): void {
  const [, capacity, width] = buffer.shape as [number, number, number];
  filled.forEach((place, row) => {
    const vector = (own.data as Float32Array).subarray(row * width, (row + 1) * width);
    (buffer.data as Float32Array).set(vector, (row * capacity + place) * width);
  });
}

/** The index of the largest of each row of logits [B,1,V]; the first one on a tie, as torch.argmax. */
function argmaxRows({ data }: Tensor, rows: number): Int32Array {
  const values = data as Float32Array;
  const width = values.length / rows;
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = row * width;
    for (let i = best + 1; i < (row + 1) * width; i++) if (values[i]! > values[best]!) best = i;
    return best - row * width;
  });
}
