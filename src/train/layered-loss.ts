import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { AGAIN, inPhase } from "../engine/profile-trace.ts";
import { DX, DY, gradientName, graphKey, type Link, type RoundTrip, roundTrip, X, Y } from "../graph/chain.ts";
import type { Graph } from "../graph/graph.ts";
import type { Type } from "../graph/node.ts";
import { LORA_NOISE } from "../model/lora.ts";
import { type BufferPool, bufferPool } from "../util/buffer-pool.ts";
import { allocate, sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { type DividedChain, divideChain } from "./joined-links.ts";
import { linkName } from "./link-name.ts";
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
  const known = new Map<string, Found>();

  /** How to go through the chain for a shape, of which a run meets few. */
  function find(shape: BatchShape, differentiate: boolean): Found {
    const key = JSON.stringify([shape, differentiate]);
    const found = known.get(key) ?? divide(chainOf(shape, differentiate), differentiate);
    known.set(key, found);
    return found;
  }

  function divide(chain: readonly Link[], differentiate: boolean): Found {
    if (!differentiate) return { single: chain, joined: [], trip: undefined };
    const divided = divideChain(chain, keep(chain));
    return { ...divided, trip: roundTrip(divided.joined) };
  }

  /** Runs a program once, on what it is fed and what the chain itself hands on. */
  async function go(
    { graph, names, ends }: Work,
    inputs: LossInputs,
    own: Tensors,
    into: Tensors,
    visit: Visit | undefined,
    phase: string,
  ) {
    const program = await programs.get(graph);
    const feeds = feedsOf(program.graph, names, frozen, inputs, own);
    await visit?.({ graph: program.graph, names, ends }, feeds);
    await inPhase(engine, phase, () => program.run(feeds, into));
  }

  /** A link's value and what the way back reads, all taken from the pool. */
  async function forward(link: Link, x: Tensor | undefined, inputs: LossInputs, visit?: Visit, phase = "forward") {
    const { forward: graph, names } = link;
    const y = pool.take(graph.outputs.get(Y)!.type);
    const kept = Object.fromEntries([...link.kept].map(([name, type]) => [name, pool.take(type)]));
    const own = x ? { [X]: x } : {};
    await go({ graph, names, ends: Y }, inputs, own, { [Y]: y, ...kept }, visit, `${phase}, ${linkName(link)}`);
    return { y, kept };
  }

  /**
   * Runs a program that has gradients: those of inputs go into their places, and that of the value before, which is returned,
   * is taken from the pool.
   */
  async function goBack(
    work: Work,
    own: Tensors,
    inputs: LossInputs,
    gradients: GradientPlaces,
    visit: Visit | undefined,
    phase: string,
    into: Tensors = {},
  ): Promise<Tensor | undefined> {
    const below = work.graph.outputs.get(DX)?.type;
    const dx = below && pool.take(below);
    const trained = [...work.graph.outputs].filter(([name]) => name !== DX && name !== Y);
    const places = trained.map(([name, { type }]) => ({ name, ...gradients.place(work.names, name, type) }));
    const written = Object.fromEntries(places.map(({ name, place }) => [name, place]));
    await go(work, inputs, own, { ...written, ...into, ...(dx && { [DX]: dx }) }, visit, phase);
    for (const { done } of places) done();
    return dx;
  }

  async function differentiate(
    shape: BatchShape,
    inputs: LossInputs,
    into: Tensors,
    { visit, onProgress }: Watch = {},
  ): Promise<Tensors> {
    const { single, joined, trip } = find(shape, true);
    const back = single.filter(({ backward }) => backward);
    const toDo = single.length + back.length + 2 * joined.length;
    let done = 0;
    const tell = (links: number) => {
      done += links;
      onProgress?.(done / toDo);
    };

    const passed: { link: Link; x: Tensor | undefined }[] = [];
    let value: Tensor | undefined;
    for (const link of single) {
      const x = value;
      const { y, kept } = await forward(link, x, inputs, visit);
      giveAll(pool, kept);
      if (link.backward) passed.push({ link, x });
      else if (x) pool.give(x);
      value = y;
      tell(1);
    }

    const gradients = gradientPlaces(into);
    const y = pool.take(trip!.graph.outputs.get(Y)!.type);
    const scale = (inputs.feeds.lossScale?.data[0] as number) ?? 1;
    const ends = { ...(value && { [X]: value }), [DY]: tensor("f32", [], Float32Array.of(scale)) };
    const phase = `forward and backward, ${linkName(joined[0]!)} and up`;
    let dy = await goBack({ ...trip!, ends: Y }, ends, inputs, gradients, visit, phase, { [Y]: y });
    const loss = y.data[0] as number;
    giveAll(pool, { y, ...(value && { value }) });
    tell(2 * joined.length);

    for (const { link, x } of passed.toReversed()) {
      const { y, kept } = await forward(link, x, inputs, undefined, AGAIN);
      pool.give(y);
      const own = { ...kept, ...(x && { [X]: x }), [DY]: dy! };
      const work = { graph: link.backward!, names: link.names, ends: null };
      const dx = await goBack(work, own, inputs, gradients, visit, `backward, ${linkName(link)}`);
      giveAll(pool, own);
      dy = dx;
      tell(1);
    }
    if (dy) pool.give(dy);
    pool.trim();
    return { loss: tensor("f32", [], Float32Array.of(loss)) };
  }

  return {
    differentiate: (shape, inputs, into, onProgress) =>
      differentiate(shape, inputs, into, onProgress ? { onProgress } : {}),
    async loss(shape, feeds) {
      const { single } = find(shape, false);
      let x: Tensor | undefined;
      for (const link of single) {
        const { y, kept } = await forward(link, x, { feeds, noise: noNoise });
        giveAll(pool, { ...kept, ...(x && { x }) });
        x = y;
      }
      pool.give(x!);
      return x!.data[0] as number;
    },
    async findOverflow(shape, inputs) {
      let found: Overflow | null = null;
      const visit: Visit = async ({ graph, names, ends }, feeds) => {
        found ??= await findOverflow(engine, graph, ends, {}, feeds, names);
      };
      await differentiate(shape, inputs, {}, { visit });
      return found;
    },
    release: () => programs.release(),
  };
}

type Names = ReadonlyMap<string, string>;

interface Found extends DividedChain {
  /** Through the links that are joined; undefined where there is no way back. */
  readonly trip: RoundTrip | undefined;
}

/** A program to run: its graph and how its inputs are really called. */
interface Work {
  readonly graph: Graph;
  readonly names: Names;
  /** The output that the way there ends with; null: the program is a way back. */
  readonly ends: string | null;
}

/** Told of each program before it runs, and what it is fed. */
type Visit = (work: Work, feeds: Tensors) => Promise<void>;

interface Watch {
  readonly visit?: Visit;
  readonly onProgress?: (share: number) => void;
}

/** What a graph reads, by the names it reads it by. */
function feedsOf(graph: Graph, names: Names, frozen: Tensors, { feeds, noise }: LossInputs, own: Tensors): Tensors {
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

function giveAll(pool: BufferPool, tensors: Tensors): void {
  for (const each of Object.values(tensors)) pool.give(each);
}

interface GradientPlaces {
  /** Where a program writes a gradient, and what to do when it is written. */
  place(names: Names, name: string, type: Type): { place: Tensor; done(): void };
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
