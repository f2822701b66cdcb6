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

/** Rows of a product from which on a CPU's cores are busy: images and prompts of a small model are taken together up to that many. */
const ENOUGH_ROWS = 512;

/**
 * Reads with graphs, each compiled once for a size. A CPU cuts a product among its threads by the number of its rows, and sums up
 * in another order, so that what is read of a row would depend on how many are beside it, if only in the last bit. Therefore
 * images and prompts go in bundles of one size, which follows from the model: the last bundle is filled up.
 */
export function graphReader(engine: Engine, model: Model, lora?: LoraBinding): GraphReader {
  const { config: c, dtype, weights: frozen } = model;
  const bound: Bound = { config: c, dtype, lora };
  const lookers = programsBySize<number>(engine, frozen, (rows) => featuresGraph(bound, rows));
  const prefills = programsBySize<PromptShape>(engine, frozen, (shape) => prefillGraph(bound, shape));
  const steps = programsBySize<StepShape>(engine, frozen, (shape) => stepGraph(bound, shape));
  const image = numImageTokens(c.vision);
  const bundle = Math.max(1, Math.floor(ENOUGH_ROWS / image));
  const { numLayers, numKvHeads: heads, headDim, vocabSize } = c.text;
  const layers = Array.from({ length: numLayers }, (_, layer) => layer);
  const cacheNames = (names: typeof pastNames) => layers.flatMap((layer) => Object.values(names(layer)));
  const [pasts, presents] = [cacheNames(pastNames), cacheNames(presentNames)];

  async function look(images: readonly Float32Array[], trained: Tensors): Promise<Float32Array[]> {
    const program = await lookers.get(bundle);
    const adapter = inputsOf(program.graph, trained);
    const seen: Float32Array[] = [];
    for (const some of bundles(images, bundle)) {
      const { features } = await program.run({ ...feedImages({ pixels: joined(some) }, bundle, c), ...adapter });
      seen.push(...cut(features!.data as Float32Array, bundle));
    }
    return seen.slice(0, images.length);
  }

  async function read(prompts: readonly Prompt[], room: number, trained: Tensors): Promise<Reading> {
    const text = prompts[0]!.tokens.length;
    const capacity = image + padLength(text + room, ROOM_UNIT);
    const all = [...bundles(prompts, bundle)];
    const rows = all.length * bundle;
    const buffers = presents.map(() => new Float32Array(rows * heads * capacity * headDim));
    const filled = Int32Array.from(all.flat(), ({ length }) => image + length);
    let logits: Float32Array = new Float32Array(rows * vocabSize);
    const prefill = await prefills.get({ rows: bundle, text, capacity });
    const adapter = inputsOf(prefill.graph, trained);
    for (const [i, some] of all.entries()) {
      const own = filled.slice(i * bundle, (i + 1) * bundle);
      const part = (values: Float32Array) => cut(values, all.length)[i]!;
      await prefill.run(
        {
          ...feedImages({ pixels: NOTHING, features: joined(some.map(({ features }) => features)) }, bundle, c),
          tokens: tensor("i32", [bundle, text], Int32Array.from(some.flatMap(({ tokens }) => [...tokens]))),
          prefixLengths: tensor("i32", [bundle], own),
          rows: tensor(
            "i32",
            [bundle, 1],
            own.map((n) => n - 1),
          ),
          ...adapter,
        },
        {
          logits: tensor("f32", [bundle, 1, vocabSize], part(logits)),
          ...Object.fromEntries(
            presents.map((name, b) => [name, tensor("f32", [bundle, heads, capacity, headDim], part(buffers[b]!))]),
          ),
        },
      );
    }
    logits = logits.subarray(0, prompts.length * vocabSize);
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
      together: bundle,
      look: (images) => look(images, trained),
      read: (prompts, room) => read(prompts, room, trained),
    }),
    async release() {
      await Promise.all([lookers, prefills, steps].map((programs) => programs.release()));
    },
  };
}

const NOTHING = new Float32Array(0);

/** Items in bundles of `size`, the last of them filled up with its last item. */
function* bundles<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size)
    yield Array.from({ length: size }, (_, i) => items[Math.min(start + i, items.length - 1)]!);
}

/** One array of all, which are of one length. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  if (arrays.length === 1) return arrays[0]!;
  const size = arrays[0]!.length;
  const all = new Float32Array(arrays.length * size);
  for (const [i, array] of arrays.entries()) all.set(array, i * size);
  return all;
}

/** Views of `count` parts of one length. */
function cut(all: Float32Array, count: number): Float32Array[] {
  const size = all.length / count;
  return Array.from({ length: count }, (_, i) => all.subarray(i * size, (i + 1) * size));
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
