import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../util/tensor.ts";
import type { Engine, Program, Tensors } from "./engine.ts";

/** Programs for one graph at many sizes, compiled when first asked for and kept. */
export interface Programs<Size> {
  get(size: Size): Promise<Program>;
  /** How many are compiled now. */
  readonly count: number;
  release(): Promise<void>;
}

/** A compiled program holds its own work memory: beyond this many sizes the one used longest ago goes. */
const MOST_KEPT = 8;

/** @param build makes the graph for a size; sizes with equal JSON are equal */
export function programsBySize<Size>(engine: Engine, weights: Tensors, build: (size: Size) => Graph): Programs<Size> {
  const compiled = new Map<string, Promise<Program>>();
  /** What could not be compiled is not kept: there may be room for it later, and it must not get in the way of a release. */
  const compile = (size: Size, key: string) =>
    compileBound(engine, build(size), weights).catch((error: unknown) => {
      compiled.delete(key);
      throw error;
    });
  return {
    get count() {
      return compiled.size;
    },
    async get(size) {
      const key = JSON.stringify(size);
      const program = compiled.get(key) ?? compile(size, key);
      compiled.delete(key);
      compiled.set(key, program); // the last key is the one used last
      if (compiled.size > MOST_KEPT) {
        const [oldest, unused] = compiled.entries().next().value!;
        compiled.delete(oldest);
        await (await unused).release();
      }
      return program;
    },
    async release() {
      const programs = await Promise.all(compiled.values());
      compiled.clear();
      await Promise.all(programs.map((program) => program.release()));
    },
  };
}

/** Compiles a graph, runs it and lets it go; it need not read all that is bound and fed. */
export async function runOnce(
  engine: Engine,
  graph: Graph,
  weights: Tensors,
  feeds: Tensors,
): Promise<Record<string, Tensor>> {
  const program = await compileBound(engine, graph, weights);
  try {
    return await program.run(onlyInputs(graph, feeds));
  } finally {
    await program.release();
  }
}

/** Binds only the weights that the graph uses. Released while it runs, the program goes when the runs are over. */
export async function compileBound(engine: Engine, graph: Graph, weights: Tensors): Promise<Program> {
  const program = await engine.compile(graph, onlyInputs(graph, weights));
  const running = new Set<Promise<unknown>>();
  return {
    graph: program.graph,
    async run(feeds, into) {
      const run = program.run(feeds, into);
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    async release() {
      await Promise.allSettled(running);
      await program.release();
    },
  };
}

const onlyInputs = ({ inputs }: Graph, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => inputs.has(name)));
