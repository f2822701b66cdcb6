import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../util/tensor.ts";
import type { Phase, RunTrace } from "./profile-trace.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

/** In which type products with frozen weights are taken: that of the graph, halves or whole numbers, where the weights are in them. */
export type Products = "fp32" | "fp16" | "int8";

/** Of frozen weights whose matrices are in whole numbers: one for each number, or two. */
export type WholeWeights = "int8" | "int8x2";

/** How frozen weights are kept in memory: `engine.weights`. */
export type Weights = "fp32" | "fp16" | WholeWeights;

export const isWhole = (weights: Weights): weights is WholeWeights => weights === "int8" || weights === "int8x2";

/** Runs graphs. One implementation a folder; nothing above this interface knows which. */
export interface Engine {
  readonly name: string;
  /** In which type it multiplies fastest, if not in float32: `engine.products: auto` asks. */
  readonly prefers?: Products;
  /** In which type products are taken, if not in float32; in halves small gradients vanish. */
  readonly products?: Products;
  /** Whether tensors that are fed are read where they lie, so that weights can be fed as well as bound. */
  readonly readsInPlace?: boolean;
  /**
   * Prepares a graph for running. `weights` binds inputs once: the engine keeps a reference, never a copy, and may keep
   * them on its device. All other inputs are fed at each run.
   */
  compile(graph: Graph, weights?: Tensors, options?: CompileOptions): Promise<Program>;
  /** Told what is being done while programs run; there only where somebody watches (profile.ts). */
  readonly phase?: Phase;
}

export interface CompileOptions {
  /** Whether the program notes what its operators take, where the engine can tell: {@link Program.endTrace}. */
  readonly traced?: boolean;
  /**
   * Whether memory of values goes back to the system once they are read, and none is the program's own between runs: for programs
   * whose values are so large that this costs next to nothing.
   */
  readonly lean?: boolean;
}

export interface Program {
  readonly graph: Graph;
  /**
   * @param feeds a tensor for every input that is not bound, of exactly the declared type
   * @param into arrays to write outputs into; those not named are allocated
   * @throws Error naming the input that is missing, unknown, bound or of another type
   */
  run(feeds: Tensors, into?: Tensors): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
  /** Only of a traced program: what each of its runs did, in the order in which they began. It goes on without. */
  endTrace?(): readonly RunTrace[];
}

/** Checks feeds against a graph's declared inputs, and places for results against its outputs, so that every engine refuses the same mistakes in the same words. */
export function checkFeeds(graph: Graph, bound: Tensors, feeds: Tensors, into: Tensors = {}): void {
  for (const [name, { dtype, shape }] of graph.inputs) {
    const fed = bound[name] ?? feeds[name];
    const wanted = `${dtype}[${shape}]`;
    if (fed === undefined) throw new Error(`input ${name} ${wanted} was not fed`);
    if (fed.dtype !== dtype || fed.shape.join() !== shape.join()) {
      throw new Error(`input ${name} wants ${wanted} but was fed ${fed.dtype}[${fed.shape}]`);
    }
  }
  for (const name of Object.keys(feeds)) {
    if (!graph.inputs.has(name)) throw new Error(`the graph has no input ${name}`);
    if (Object.hasOwn(bound, name)) throw new Error(`input ${name} is bound and cannot be fed`);
  }
  for (const [name, { dtype, shape }] of Object.entries(into)) {
    const type = graph.outputs.get(name)?.type;
    if (type === undefined) throw new Error(`the graph has no output ${name}`);
    if (dtype !== type.dtype || shape.join() !== type.shape.join()) {
      throw new Error(`output ${name} is ${type.dtype}[${type.shape}] and cannot be written into ${dtype}[${shape}]`);
    }
  }
}
