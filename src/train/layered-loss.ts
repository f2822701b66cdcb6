import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { AGAIN, inPhase } from "../engine/profile-trace.ts";
import { DX, DY, gradientName, graphKey, type Link, X, Y } from "../graph/chain.ts";
import type { Graph } from "../graph/graph.ts";
import type { Type } from "../graph/node.ts";
import { LORA_NOISE } from "../model/lora.ts";
import { type BufferPool, bufferPool } from "../util/buffer-pool.ts";
import { allocate, sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { linkName } from "./link-name.ts";
import type { BatchShape } from "./loss-graph.ts";
import type { LossInputs, LossPrograms } from "./loss-programs.ts";
import { findOverflow, type Overflow } from "./overflow-probe.ts";

export interface LayeredOptions {
  /** The links of a micro-batch's loss; without dropout where the loss alone is wanted. */
  chainOf(shape: BatchShape, differentiate: boolean): readonly Link[];
  /** Links of which the way back finds what it reads; of the others only what goes in is kept, and the rest computed again. */
  keep(chain: readonly Link[]): ReadonlySet<Link>;
}

/**
 * Loss and gradient layer by layer: equal layers share a program, and are told apart by the weights they are fed. Between two
 * programs there is nothing but what the chain names, in memory that is used again. What is not kept is computed again (Chen
 * et al. 2016, §4) by the same program, to the same bits. For engines that read what they are fed where it lies.
 */
export function layeredLoss(engine: Engine, frozen: Tensors, { chainOf, keep }: LayeredOptions): LossPrograms {
  const programs = programsByGraph(engine);
  const pool = bufferPool();
  let last: { key: string; chain: readonly Link[] } | undefined;

  /** The chain for a shape, that of the call before if it is the same. */
  function findChain(shape: BatchShape, differentiate: boolean): readonly Link[] {
    const key = JSON.stringify([shape, differentiate]);
    if (last?.key !== key) last = { key, chain: chainOf(shape, differentiate) };
    return last.chain;
  }

  /** Runs one way through a link; `own` is what the chain itself hands on. */
  async function go(
    way: Way,
    link: Link,
    inputs: LossInputs,
    own: Tensors,
    into: Tensors,
    visit: Visit | undefined,
    phase: string = way,
  ) {
    await programs.use(link[way]!, async (program) => {
      const feeds = feedsOf(program.graph, link, frozen, inputs, own);
      await visit?.(program.graph, link, way, feeds);
      await inPhase(engine, `${phase}, ${linkName(link)}`, () => program.run(feeds, into));
    });
  }

  /** A link's value and what the way back reads, all taken from the pool. */
  async function forward(link: Link, x: Tensor | undefined, inputs: LossInputs, visit?: Visit, phase?: string) {
    const y = pool.take(link.forward.outputs.get(Y)!.type);
    const kept = Object.fromEntries([...link.kept].map(([name, type]) => [name, pool.take(type)]));
    await go("forward", link, inputs, x ? { [X]: x } : {}, { [Y]: y, ...kept }, visit, phase);
    return { y, kept };
  }

  /** The gradients of a link's inputs into their places; that of the value before it is taken from the pool. */
  async function backward(
    link: Link,
    own: Tensors,
    inputs: LossInputs,
    gradients: GradientPlaces,
    visit?: Visit,
  ): Promise<Tensor | undefined> {
    const below = link.backward!.outputs.get(DX)?.type;
    const dx = below && pool.take(below);
    const trained = [...link.backward!.outputs].filter(([name]) => name !== DX);
    const places = trained.map(([name, { type }]) => ({ name, ...gradients.place(link, name, type) }));
    const into = Object.fromEntries(places.map(({ name, place }) => [name, place]));
    await go("backward", link, inputs, own, { ...into, ...(dx && { [DX]: dx }) }, visit);
    for (const { done } of places) done();
    return dx;
  }

  async function differentiate(
    shape: BatchShape,
    inputs: LossInputs,
    into: Tensors,
    { visit, onProgress }: Watch = {},
  ): Promise<Tensors> {
    const chain = findChain(shape, true);
    const toDo = 2 * chain.length - chain.findIndex(({ backward }) => backward); // layers forward, and those with a way back
    let done = 0;
    const tell = () => onProgress?.(++done / toDo);
    const keeps = keep(chain);
    programs.expect(
      chain.flatMap((link) => {
        const again = link.backward && !keeps.has(link) ? [link.forward] : [];
        return [link.forward, ...again, ...(link.backward ? [link.backward] : [])];
      }),
    );
    const passed: { link: Link; x: Tensor | undefined; kept: Tensors | undefined }[] = [];
    let value: Tensor | undefined;
    for (const link of chain) {
      const x = value;
      const { y, kept } = await forward(link, x, inputs, visit);
      if (!keeps.has(link)) giveAll(pool, kept);
      if (link.backward) passed.push({ link, x, kept: keeps.has(link) ? kept : undefined });
      else if (x) pool.give(x);
      value = y;
      tell();
    }
    const loss = value!.data[0] as number;
    pool.give(value!);

    const gradients = gradientPlaces(into);
    let dy: Tensor | undefined = tensor("f32", [], Float32Array.of((inputs.feeds.lossScale?.data[0] as number) ?? 1));
    for (const { link, x, kept } of passed.toReversed()) {
      const again = kept ? undefined : await forward(link, x, inputs, undefined, AGAIN);
      if (again) pool.give(again.y);
      const residuals = kept ?? again!.kept;
      const dx = await backward(link, { ...residuals, ...(x && { [X]: x }), [DY]: dy! }, inputs, gradients, visit);
      giveAll(pool, { ...residuals, ...(x && { x }), ...(link !== chain.at(-1) && { dy: dy! }) });
      dy = dx;
      tell();
    }
    pool.trim();
    return { loss: tensor("f32", [], Float32Array.of(loss)) };
  }

  return {
    differentiate: (shape, inputs, into, onProgress) =>
      differentiate(shape, inputs, into, onProgress ? { onProgress } : {}),
    async loss(shape, feeds) {
      const chain = findChain(shape, false);
      programs.expect(chain.map(({ forward }) => forward));
      let x: Tensor | undefined;
      for (const link of chain) {
        const { y, kept } = await forward(link, x, { feeds, noise: noNoise });
        giveAll(pool, { ...kept, ...(x && { x }) });
        x = y;
      }
      pool.give(x!);
      return x!.data[0] as number;
    },
    async findOverflow(shape, inputs) {
      let found: Overflow | null = null;
      const visit: Visit = async (graph, link, way, feeds) => {
        const overflow = found ?? (await findOverflow(engine, graph, way === "forward" ? Y : null, {}, feeds));
        found = overflow && { ...overflow, layer: actualLayer(link, overflow.layer) };
      };
      await differentiate(shape, inputs, {}, { visit });
      return found;
    },
    release: () => programs.release(),
  };
}

type Way = "forward" | "backward";

/** Told of each program before it runs, and what it is fed. */
type Visit = (graph: Graph, link: Link, way: Way, feeds: Tensors) => Promise<void>;

interface Watch {
  readonly visit?: Visit;
  readonly onProgress?: (share: number) => void;
}

/** What a link's graph reads, by the names it reads it by. */
function feedsOf(graph: Graph, { names }: Link, frozen: Tensors, { feeds, noise }: LossInputs, own: Tensors): Tensors {
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

const actualLayer = ({ names }: Link, layer: string): string =>
  names.get(`${layer}.weight`)?.replace(/\.weight$/, "") ?? layer;

function giveAll(pool: BufferPool, tensors: Tensors): void {
  for (const each of Object.values(tensors)) pool.give(each);
}

interface GradientPlaces {
  /** Where a link writes a gradient, and what to do when it is written. */
  place(link: Link, name: string, type: Type): { place: Tensor; done(): void };
}

/** A weight that two links read has the sum of both gradients. A place that nobody named is made, and forgotten. */
function gradientPlaces(into: Tensors): GradientPlaces {
  const written = new Set<string>();
  return {
    place({ names }, name, { dtype, shape }) {
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

/**
 * Compiled programs, one for all graphs that are equal. Each holds on to the work memory it once had, half a gigabyte for one
 * of Gemma's layers: so it goes when it has run as often as was expected. Compiling anew takes a tenth of a second where a step
 * takes a minute.
 */
function programsByGraph(engine: Engine) {
  const compiled = new Map<string, Promise<Program>>();
  const keys = new WeakMap<Graph, string>();
  let runsLeft = new Map<string, number>();
  const keyOf = (graph: Graph) => {
    const key = keys.get(graph) ?? graphKey(graph);
    keys.set(graph, key);
    return key;
  };
  const release = async (key: string) => {
    const program = compiled.get(key);
    compiled.delete(key);
    await (await program)?.release();
  };
  return {
    /** Which graphs are to be run, as often as they are listed, before the next call. */
    expect(graphs: readonly Graph[]): void {
      runsLeft = new Map();
      for (const key of graphs.map(keyOf)) runsLeft.set(key, (runsLeft.get(key) ?? 0) + 1);
    },
    async use(graph: Graph, run: (program: Program) => Promise<void>): Promise<void> {
      const key = keyOf(graph);
      const program = compiled.get(key) ?? engine.compile(graph);
      compiled.set(key, program);
      program.catch(() => compiled.delete(key));
      await run(await program);
      runsLeft.set(key, runsLeft.get(key)! - 1);
      if (runsLeft.get(key) === 0) await release(key);
    },
    async release(): Promise<void> {
      for (const key of [...compiled.keys()]) await release(key);
    },
  };
}
