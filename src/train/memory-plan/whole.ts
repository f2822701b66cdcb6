import { type Bytes, type Course, type Moment, NO_BYTES, totalBytes } from "../../engine/memory-kinds.ts";
import { isWidened } from "../../engine/widen-at-use.ts";
import { SECOND_READING } from "../../graph/chain.ts";
import { byteSize, flopsOf, totalFlops } from "../../graph/cost.ts";
import { type Graph, topologicalOrder } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { inputName, inputOp } from "../../graph/ops/source.ts";
import { layerOf } from "../link-name.ts";
import { compiledGraph, type PlannedEngine, programMemory, wholeFlops } from "./program-memory.ts";

export interface WholeStep {
  /** Loss and gradient. */
  readonly graph: Graph;
  /** The same where nothing is computed again. */
  readonly plain: Graph;
  /** Columns of the logits. */
  readonly vocabulary: number;
}

/** The course of a step that is one program; `standing` is what lies beside it all the time. */
export function wholeCourse({ graph, plain, vocabulary }: WholeStep, engine: PlannedEngine, standing: Bytes): Course {
  const moments = programCourse(compiledGraph(graph, engine), "loss", { engine, lean: false, standing, vocabulary });
  const forward = topologicalOrder([plain.outputs.get("loss")!]).reduce((sum, node) => sum + flopsOf(node), 0);
  const backward = totalFlops(plain) - forward;
  const recomputation = totalFlops(graph) - totalFlops(plain);
  return { moments, flops: { forward, backward, recomputation, whole: wholeFlops(graph, engine) } };
}

interface ProgramSetting {
  readonly engine: PlannedEngine;
  /** Whether it is compiled so. */
  readonly lean: boolean;
  /** What lies beside it; residuals and what waits among them are added to. */
  readonly standing: Bytes;
  /** Columns of the logits. */
  readonly vocabulary: number;
}

/**
 * What lies in memory in the course of one program that goes both ways.
 * @param graph as the engine compiles it
 * @param end the output that the forward pass ends with
 */
export function programCourse(
  graph: Graph,
  end: string,
  { engine, lean, standing, vocabulary }: ProgramSetting,
): readonly Moment[] {
  const ofForward = new Set(topologicalOrder([graph.outputs.get(end)!]));
  const divide = dividedAmong(graph, ofForward, vocabulary);
  const layers = layersOfNodes(graph);
  const live: Moment[] = [];
  const memory = programMemory(graph, engine, lean, (node, alive) => {
    const place = { layer: layers.get(node)!, pass: ofForward.has(node) ? "forward" : "backward" } as const;
    const bytes = { ...NO_BYTES, ...divide(alive) };
    const last = live.at(-1);
    if (last?.layer !== place.layer || last.pass !== place.pass) live.push({ ...place, bytes });
    else if (totalBytes(bytes) > totalBytes(last.bytes)) live[live.length - 1] = { ...place, bytes };
  });
  const most = Math.max(...live.map(({ bytes }) => workOf(bytes)));
  return live.map(({ bytes, ...place }) => {
    const scale = memory.work / most; // what an engine takes beyond the values
    const residuals = standing.residuals + bytes.residuals * scale;
    const workspace = bytes.workspace * scale + memory.standing + memory.results;
    const waiting = standing.waiting + (memory.keeps ? memory.work - scale * workOf(bytes) : 0);
    return { ...place, bytes: { ...standing, residuals, logits: bytes.logits * scale, workspace, waiting } };
  });
}

const workOf = ({ residuals, logits, workspace }: Bytes) => residuals + logits + workspace;

/** Bytes of the values that are alive, by what they are. */
function dividedAmong({ nodes }: Graph, ofForward: ReadonlySet<Node>, vocabulary: number) {
  const readLater = new Set(nodes.filter((node) => !ofForward.has(node)).flatMap(({ inputs }) => inputs));
  const kindOf = (node: Node): "residuals" | "logits" | "workspace" => {
    if (node.type.shape.at(-1) === vocabulary) return "logits";
    return ofForward.has(node) && readLater.has(node) && !isWidened(node) ? "residuals" : "workspace";
  };
  const kinds = new Map(nodes.map((node) => [node, kindOf(node)]));
  return (alive: ReadonlySet<Node>) => {
    const bytes = { residuals: 0, logits: 0, workspace: 0 };
    for (const node of alive) bytes[kinds.get(node)!] += byteSize(node.type);
    return bytes;
  };
}

/** The layer that a node is of: that whose weights were last read before it, in the order of the graph. */
function layersOfNodes({ nodes }: Graph): ReadonlyMap<Node, string> {
  const layers = new Map<Node, string>();
  let last = "embeddings";
  for (const node of nodes) {
    last =
      node.inputs
        .flatMap(namesBehind)
        .map(layerOf)
        .find((layer) => layer !== undefined) ?? last;
    layers.set(node, last);
  }
  return layers;
}

/** The name of an input, bare or widened. */
function namesBehind(node: Node): string[] {
  const { op, inputs } = node;
  if (op === inputOp) return [inputName(node).replace(SECOND_READING, "")];
  return inputs.length > 0 && inputs.every((each) => each.op === inputOp) ? inputs.flatMap(namesBehind) : [];
}
