import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { AGAIN, inPhase } from "../engine/profile-trace.ts";
import { DY, gradientName, graphKey, type Link, Y } from "../graph/chain.ts";
import type { Graph } from "../graph/graph.ts";
import type { Type } from "../graph/node.ts";
import { LORA_NOISE } from "../model/lora.ts";
import { bufferPool } from "../util/buffer-pool.ts";
import { allocate, sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { type Course, forwardCourse, type Leg, type Slot, trainingCourse } from "./chain-course.ts";
import type { BatchShape } from "./loss-graph.ts";
import type { LossInputs, LossPrograms } from "./loss-programs.ts";
import { findOverflow, type Overflow } from "./overflow-probe.ts";

export interface LayeredOptions {
  /** The links of a micro-batch's loss; without dropout where the loss alone is wanted. */
  chainOf(shape: BatchShape, differentiate: boolean): readonly Link[];
  /**
   * Links of which the way back finds what it reads, the last ones; of the others only what goes in is kept. Asked once for a
   * shape: later the memory that is left lacks what the steps themselves hold.
   */
  keep(chain: readonly Link[]): ReadonlySet<Link>;
}

/**
 * Loss and gradient in several programs: one for the layers that are kept, there and back, and one a layer for the others, which
 * equal layers share and are told apart by the weights they are fed. Between two programs there is nothing but what the chain
 * names, in memory that is used again. What is not kept is computed again (Chen et al. 2016, §4), to the same bits. For engines
 * that read what they are fed where it lies.
 */
export function layeredLoss(engine: Engine, frozen: Tensors, { chainOf, keep }: LayeredOptions): LossPrograms {
  const programs = programsByGraph(engine);
  const pool = bufferPool();
  const known = new Map<string, Course>();

  /** How to go through the chain for a shape, of which a run meets few. */
  function find(shape: BatchShape, differentiate: boolean): Course {
    const key = JSON.stringify([shape, differentiate]);
    const chain = () => chainOf(shape, differentiate);
    const found = known.get(key) ?? (differentiate ? plan(chain()) : forwardCourse(chain()));
    known.set(key, found);
    return found;
  }

  const plan = (chain: readonly Link[]) => trainingCourse(chain, keep(chain));

  /** Goes through a course, and gives the loss. Gradients are written into `into`. */
  async function go(
    { legs, loss }: Course,
    inputs: LossInputs,
    into: Tensors,
    { visit, onProgress }: Watch = {},
  ): Promise<number> {
    const held = new Map<Slot, Tensor>();
    const at = (slots: Leg["reads"]) =>
      Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, held.get(slot)!]));
    const gradients = gradientPlaces(into);
    const ends = { [DY]: tensor("f32", [], Float32Array.of((inputs.feeds.lossScale?.data[0] as number) ?? 1)) };
    const links = legs.reduce((sum, leg) => sum + leg.links, 0);
    let [found, done] = [Number.NaN, 0];
    for (const leg of legs) {
      const { graph, names, reads, writes, frees } = leg;
      for (const slot of Object.values(writes)) held.set(slot, pool.take(slot.type));
      const places = [...graph.outputs]
        .filter(([name]) => !writes[name])
        .map(([name, { type }]) => ({ name, ...gradients.place(names, name, type) }));
      const results = { ...Object.fromEntries(places.map(({ name, place }) => [name, place])), ...at(writes) };
      const program = await programs.get(graph);
      const feeds = feedsOf(program.graph, names, frozen, inputs, { ...ends, ...at(reads) });
      if (leg.pass !== "recomputation") await visit?.(leg, program.graph, feeds);
      await inPhase(engine, phaseOf(leg), () => program.run(feeds, results));
      for (const place of places) place.done();
      if (Object.values(writes).includes(loss)) found = held.get(loss)!.data[0] as number;
      for (const slot of frees) pool.give(held.get(slot)!);
      done += leg.links;
      if (leg.links > 0) onProgress?.(done / links);
    }
    return found;
  }

  async function differentiate(shape: BatchShape, inputs: LossInputs, into: Tensors, watch: Watch): Promise<Tensors> {
    const loss = await go(find(shape, true), inputs, into, watch);
    pool.trim();
    return { loss: tensor("f32", [], Float32Array.of(loss)) };
  }

  return {
    differentiate: (shape, inputs, into, onProgress) =>
      differentiate(shape, inputs, into, onProgress ? { onProgress } : {}),
    loss: (shape, feeds) => go(find(shape, false), { feeds, noise: noNoise }, {}),
    async findOverflow(shape, inputs) {
      let found: Overflow | null = null;
      const visit: Visit = async ({ pass, names }, graph, feeds) => {
        found ??= await findOverflow(engine, graph, pass === "backward" ? null : Y, {}, feeds, names);
      };
      await differentiate(shape, inputs, {}, { visit });
      return found;
    },
    release: () => programs.release(),
  };
}

/** Told of each program before it runs, but for those that compute again: as it is compiled, and what it is fed. */
type Visit = (leg: Leg, graph: Graph, feeds: Tensors) => Promise<void>;

interface Watch {
  readonly visit?: Visit;
  readonly onProgress?: (share: number) => void;
}

/** What a leg does, as a profile names it. */
const phaseOf = ({ pass, layer }: Leg): string =>
  ({
    forward: `forward, ${layer}`,
    both: `forward and backward, ${layer} and up`,
    recomputation: `${AGAIN}, ${layer}`,
    backward: `backward, ${layer}`,
  })[pass];

/** What a graph reads, by the names it reads it by. */
function feedsOf(
  graph: Graph,
  names: Leg["names"],
  frozen: Tensors,
  { feeds, noise }: LossInputs,
  own: Tensors,
): Tensors {
  return Object.fromEntries(
    [...graph.inputs].flatMap(([name, type]) => {
      const actual = names.get(name) ?? name;
      const fed = own[name] ?? feeds[actual] ?? frozen[actual];
      if (fed) return [[name, fed]];
      return LORA_NOISE.test(actual) ? [[name, noise(actual, type)]] : [];
    }),
  );
}

const noNoise = (name: string): never => {
  throw new Error(`${name}: a loss without dropout asks for noise`);
};

interface GradientPlaces {
  /** Where a program writes a gradient, and what to do when it is written. */
  place(names: Leg["names"], name: string, type: Type): { place: Tensor; done(): void };
}

/** A weight that two links read has the sum of both gradients. A place that nobody named is made, and forgotten. */
function gradientPlaces(into: Tensors): GradientPlaces {
  const written = new Set<string>();
  return {
    place(names, name, { dtype, shape }) {
      const actual = gradientName(names.get(name.slice(gradientName("").length))!);
      const wanted = into[actual];
      if (wanted && !written.has(actual)) {
        written.add(actual);
        return { place: wanted, done: () => {} };
      }
      const place = { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
      return { place, done: () => wanted && addTo(wanted.data as Float32Array, place.data as Float32Array) };
    },
  };
}

function addTo(sum: Float32Array, numbers: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += numbers[i]!;
}

/** Compiled programs, one for all graphs that are equal. They are lean: between its runs a program has next to nothing. */
function programsByGraph(engine: Engine) {
  const compiled = new Map<string, Promise<Program>>();
  const keys = new WeakMap<Graph, string>();
  const keyOf = (graph: Graph) => {
    const key = keys.get(graph) ?? graphKey(graph);
    keys.set(graph, key);
    return key;
  };
  return {
    get(graph: Graph): Promise<Program> {
      const key = keyOf(graph);
      const known = compiled.get(key);
      if (known) return known;
      const program = engine.compile(graph, {}, { lean: true });
      program.catch(() => compiled.delete(key));
      compiled.set(key, program);
      return program;
    },
    async release(): Promise<void> {
      const programs = await Promise.all(compiled.values());
      compiled.clear();
      await Promise.all(programs.map((program) => program.release()));
    },
  };
}
