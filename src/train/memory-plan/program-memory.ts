import type { Products } from "../../engine/engine.ts";
import { planLifetimes } from "../../engine/lifetimes.ts";
import { ortGraph } from "../../engine/ort/compiled-graph.ts";
import { workBytes } from "../../engine/ort/work-memory.ts";
import { takeProducts } from "../../engine/products.ts";
import { widenAtUse } from "../../engine/widen-at-use.ts";
import { byteSize, flopsOf } from "../../graph/cost.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { int8ProductOp } from "../../graph/ops/int8-product.ts";
import { constantOp } from "../../graph/ops/source.ts";
import { LORA_NOISE } from "../../model/lora.ts";

/** What of an engine decides how much memory its programs take. */
export interface PlannedEngine {
  readonly name: "ort" | "tfjs" | "reference";
  /** Whether it computes in the machine's own memory, or in that of a device. */
  readonly onHost: boolean;
  /** In which type products are taken. */
  readonly products: Products;
}

export interface ProgramMemory {
  /** The most that it computes with, and has for itself once it has run where it {@link keeps} it. */
  readonly work: number;
  /** Beside that as long as it is there: constants, the session's own tables. */
  readonly standing: number;
  /** Results on their way to where they are wanted: onnxruntime-node makes a copy of each. */
  readonly results: number;
  /** Whether the work memory stays the program's until it is released. */
  readonly keeps: boolean;
}

/** Told of each node in the order of the run, and of the values that are alive as it is computed. */
export type OnNode = (node: Node, alive: ReadonlySet<Node>) => void;

/**
 * onnxruntime works in memory of its own beside that of the values: operands packed for products, what an operator is made of.
 * By the steps of three models (docs/plan.md).
 */
const ORT_WORK = 1.08;
/** A lean program has its memory from the system, whose allocator keeps small pieces for later. */
const LEAN_HEAP = 64 * 2 ** 20;
/** A session's own tables, by the programs of the nano model. */
const SESSION_BYTES_A_NODE = 8000;
/** A device's allocator rounds up and leaves gaps. */
const DEVICE_WORK = 1.1;
/** Numbers of the reference implementation are in float64. */
const REFERENCE_WORK = 2;

/** Bytes of noise that a program is fed. */
export const noiseBytes = ({ inputs }: Graph): number =>
  [...inputs].reduce((sum, [name, type]) => sum + (LORA_NOISE.test(name) ? byteSize(type) : 0), 0);

/** Operations of products that an engine takes in whole numbers. */
export function wholeFlops(graph: Graph, { products }: PlannedEngine): number {
  if (products !== "int8") return 0;
  return takeProducts(graph, products).nodes.reduce(
    (sum, node) => sum + (node.op === int8ProductOp ? flopsOf(node) : 0),
    0,
  );
}

/** A graph as an engine runs it, after its own changes. */
export function compiledGraph(graph: Graph, engine: PlannedEngine): Graph {
  const taken = takeProducts(graph, engine.products);
  if (engine.name === "ort") return ortGraph(taken, engine.onHost).graph;
  return engine.name === "tfjs" ? widenAtUse(taken) : taken;
}

/**
 * What a program takes, by its {@link compiledGraph} alone.
 * @param lean whether it is compiled so
 */
export function programMemory(graph: Graph, engine: PlannedEngine, lean: boolean, onNode?: OnNode): ProgramMemory {
  const constants = graph.nodes.reduce((sum, { op, type }) => sum + (op === constantOp ? byteSize(type) : 0), 0);
  if (engine.name === "ort") {
    const hasArena = !lean || !engine.onHost; // that of a device stays
    const work = ORT_WORK * workBytes(graph, !hasArena, onNode);
    if (!engine.onHost) return { work, standing: constants, results: 0, keeps: true };
    return {
      work: work + (lean ? LEAN_HEAP : 0),
      standing: constants + SESSION_BYTES_A_NODE * graph.nodes.length,
      results: [...graph.outputs.values()].reduce((sum, { type }) => sum + byteSize(type), 0),
      keeps: !lean,
    };
  }
  const factor = engine.name === "reference" ? REFERENCE_WORK : engine.onHost ? 1 : DEVICE_WORK;
  return { work: factor * walk(graph, onNode), standing: constants, results: 0, keeps: false };
}

/** The most bytes alive where each value goes with its last reader, in the order of the graph. */
function walk(graph: Graph, onNode?: OnNode): number {
  const { lastReads, peakBytes } = planLifetimes(graph);
  if (!onNode) return peakBytes;
  const alive = new Set<Node>();
  graph.nodes.forEach((node, i) => {
    if (node.inputs.length > 0) alive.add(node);
    onNode(node, alive);
    for (const done of lastReads[i]!) alive.delete(done);
  });
  return peakBytes;
}
