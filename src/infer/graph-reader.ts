import type { Engine, Tensors } from "../engine/engine.ts";
import { programsBySize } from "../engine/programs.ts";
import type { Graph } from "../graph/graph.ts";
import { numImageTokens } from "../model/config.ts";
import { feedImages } from "../model/image-input.ts";
import type { LoraBinding } from "../model/lora.ts";
import type { Model } from "../model/model.ts";
import { padLength } from "../util/bucket.ts";
import { tensor } from "../util/tensor.ts";
import { cacheSlots } from "./cache-slots.ts";
import {
  type Bound,
  featuresGraph,
  type PromptShape,
  pastNames,
  prefillGraph,
  presentNames,
  type StepShape,
  stepGraph,
} from "./decode-graphs.ts";
import type { Prompt, Reader, Reading } from "./reader.ts";

/** A model on an engine, for whatever numbers its trained part has. */
export interface GraphReader {
  /** `weights` holds what is trained, by graph input. */
  with(weights: Tensors): Reader;
  release(): Promise<void>;
}

/** Places behind a prompt are kept in multiples of this, so that prompts of several lengths share the program of a step. */
const ROOM_UNIT = 32;

/**
 * Reads with graphs, each compiled once for a size. Images and prompts are read one by one and tokens of many rows at once: a
 * CPU cuts a product among its threads by the number of its rows, and sums up in another order. What is read of a row would
 * depend on the rows beside it, if only in the last bit. Of a single image or prompt the products are large enough.
 */
export function graphReader(engine: Engine, model: Model, lora?: LoraBinding): GraphReader {
  const { config: c, dtype, weights: frozen } = model;
  const bound: Bound = { config: c, dtype, lora };
  const lookers = programsBySize<null>(engine, frozen, () => featuresGraph(bound));
  const prefills = programsBySize<PromptShape>(engine, frozen, (shape) => prefillGraph(bound, shape));
  const steps = programsBySize<StepShape>(engine, frozen, (shape) => stepGraph(bound, shape));
  const image = numImageTokens(c.vision);
  const { numLayers, numKvHeads: heads, headDim, vocabSize } = c.text;
  const layers = Array.from({ length: numLayers }, (_, layer) => layer);
  const cacheNames = (names: typeof pastNames) => layers.flatMap((layer) => Object.values(names(layer)));
  const [pasts, presents] = [cacheNames(pastNames), cacheNames(presentNames)];

  async function look(pixels: Float32Array, trained: Tensors): Promise<Float32Array> {
    const program = await lookers.get(null);
    const { features } = await program.run({ ...feedImages({ pixels }, 1, c), ...inputsOf(program.graph, trained) });
    return features!.data as Float32Array;
  }

  async function read(prompts: readonly Prompt[], room: number, trained: Tensors): Promise<Reading> {
    const text = prompts[0]!.tokens.length;
    const capacity = image + padLength(text + room, ROOM_UNIT);
    const row = heads * capacity * headDim;
    const rows = rowsFor(prompts.length);
    const buffers = presents.map(() => new Float32Array(rows * row));
    const filled = new Int32Array(rows);
    let logits: Float32Array = new Float32Array(prompts.length * vocabSize);
    const prefill = await prefills.get({ text, capacity });
    const adapter = inputsOf(prefill.graph, trained);
    for (const [i, { features, tokens, length }] of prompts.entries()) {
      filled[i] = image + length;
      const buffer = (all: Float32Array) => all.subarray(i * row, (i + 1) * row);
      await prefill.run(
        {
          ...feedImages({ pixels: features, features }, 1, c),
          tokens: tensor("i32", [1, text], tokens),
          prefixLengths: tensor("i32", [1], filled.slice(i, i + 1)),
          rows: tensor("i32", [1, 1], Int32Array.of(filled[i]! - 1)),
          ...adapter,
        },
        {
          logits: tensor("f32", [1, 1, vocabSize], logits.subarray(i * vocabSize, (i + 1) * vocabSize)),
          ...Object.fromEntries(
            presents.map((name, b) => [name, tensor("f32", [1, heads, capacity, headDim], buffer(buffers[b]!))]),
          ),
        },
      );
    }
    const cache = cacheSlots(buffers, filled, { heads, capacity, headDim });
    let slots = [...prompts.keys()];

    return {
      get logits() {
        return logits;
      },
      async next(sources, chosen) {
        slots = cache.move(
          sources.map((source) => slots[source]!),
          rowsFor(sources.length),
        );
        const size = cache.count;
        const token = new Int32Array(size);
        for (const [i, slot] of slots.entries()) token[slot] = chosen[i]!;
        const step = await steps.get({ rows: size, capacity });
        const past = pasts.map((name, i) => [name, tensor("f32", [size, heads, capacity, headDim], cache.buffers[i]!)]);
        const own = await step.run({
          token: tensor("i32", [size, 1], token),
          filled: tensor("i32", [size], cache.filled),
          ...Object.fromEntries(past),
          ...inputsOf(step.graph, trained),
        });
        cache.append(
          presents.map((name) => own[name]!.data as Float32Array),
          slots,
        );
        logits = takeRows(own.logits!.data as Float32Array, slots, vocabSize);
      },
    };
  }

  return {
    with: (trained) => ({
      look: (pixels) => look(pixels, trained),
      read: (prompts, room) => read(prompts, room, trained),
    }),
    async release() {
      await Promise.all([lookers, prefills, steps].map((programs) => programs.release()));
    },
  };
}

/** Rows that a step has for `count` rows: a power of two, and not 1, for which a CPU has a product of its own. */
const rowsFor = (count: number) => Math.max(2, 2 ** Math.ceil(Math.log2(count)));

/** Rows of [R,V] in the order of `slots`. */
function takeRows(values: Float32Array, slots: readonly number[], width: number): Float32Array {
  if (slots.every((slot, i) => slot === i)) return values.subarray(0, slots.length * width);
  const taken = new Float32Array(slots.length * width);
  slots.forEach((slot, i) => void taken.set(values.subarray(slot * width, (slot + 1) * width), i * width));
  return taken;
}

/** Those of `tensors` that a graph reads: a step has no use for an adapter of the vision tower. */
function inputsOf(graph: Graph, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => graph.inputs.has(name)));
}
