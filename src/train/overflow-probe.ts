import type { Engine, Tensors } from "../engine/engine.ts";
import { runOnce } from "../engine/programs.ts";
import { f16ToF32 } from "../formats/half.ts";
import { type Graph, makeGraph, topologicalOrder } from "../graph/graph.ts";
import { formatType, type Node, type Type } from "../graph/node.ts";
import { castOp } from "../graph/ops/cast.ts";
import { cast, concat, reshape, scale, sum } from "../graph/ops/index.ts";
import { inputName, inputOp } from "../graph/ops/source.ts";
import { sizeOf, type Tensor } from "../util/tensor.ts";

/** The first value of a graph, in its order, that holds a number which is not finite. */
export interface Overflow {
  readonly op: string;
  readonly type: Type;
  /** Whether the loss needs it, or its gradient alone. */
  readonly pass: "forward" | "backward";
  /** Where it is: the layer of the nearest weight. */
  readonly layer: string;
  /** Largest finite magnitude of each input. */
  readonly inputs: readonly number[];
}

/**
 * Runs a graph once more and looks at every value it computes.
 * @param graph as the engine runs it: the program's, not the one it was compiled from
 * @param forward name of the output that the forward pass ends with; without one the graph is a backward pass
 * @param names how inputs are really called, where that is not their name in the graph
 * @returns null when all are finite
 */
export async function findOverflow(
  engine: Engine,
  graph: Graph,
  forward: string | null,
  weights: Tensors,
  feeds: Tensors,
  names: ReadonlyMap<string, string> = new Map(),
): Promise<Overflow | null> {
  const suspects = graph.nodes.filter(canOverflow);
  const { zeros } = await runOnce(engine, makeGraph({ zeros: concat(suspects.map(zeroIfFinite), 0) }), weights, feeds);
  const node = suspects[(zeros!.data as Float32Array).findIndex((zero) => zero !== 0)];
  if (node === undefined) return null;
  const ahead = forward === null ? [] : topologicalOrder([graph.outputs.get(forward)!]);
  return {
    op: node.op.name,
    type: node.type,
    pass: ahead.includes(node) ? "forward" : "backward",
    layer: nearestLayer(graph, node, names),
    inputs: await inputMagnitudes(engine, node, weights, feeds),
  };
}

/** `matmul f16[2,282,1024], forward, language_model.model.layers.3.mlp.down_proj, inputs up to 812 and 6.0e+4` */
export function formatOverflow({ op, type, pass, layer, inputs }: Overflow): string {
  const magnitudes = inputs.map((x) => (x >= 1e4 ? x.toExponential(1) : Number(x.toPrecision(3)))).join(" and ");
  return `${op} ${formatType(type)}, ${pass}, ${layer}, inputs up to ${magnitudes}`;
}

/** What is fed is finite, and a half that is widened is what it was. */
function canOverflow({ op, type, inputs: [x] }: Node): boolean {
  const widens = op === castOp && x!.type.dtype === "f16";
  return x !== undefined && !widens && (type.dtype === "f32" || type.dtype === "f16");
}

/** Σ 0·x: [1], 0 or NaN. */
function zeroIfFinite(x: Node): Node {
  return sum(scale(reshape(cast(x, "f32"), [sizeOf(x.type.shape)]), 0), [0]);
}

/** Breadth first over inputs and users. Inputs and constants lead nowhere: layers that are far apart share them. */
function nearestLayer({ nodes }: Graph, start: Node, names: ReadonlyMap<string, string>): string {
  const users = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const input of node.inputs) users.get(input)!.push(node);
  const reached = new Set([start]);
  for (const node of reached) {
    const layer = node.op === inputOp && layerOf(inputName(node), names);
    if (layer) return layer;
    if (node.inputs.length > 0) for (const next of [...node.inputs, ...users.get(node)!]) reached.add(next);
  }
  return "no layer";
}

/** Of a weight by the name of its input; undefined where the input is none. */
function layerOf(input: string, names: ReadonlyMap<string, string>): string | undefined {
  return /^(.+)\.(?:weight|bias)(?:\.packed|\.scales)?$/.exec(names.get(input) ?? input)?.[1];
}

async function inputMagnitudes(engine: Engine, node: Node, weights: Tensors, feeds: Tensors): Promise<number[]> {
  const computed = node.inputs.flatMap((x, i) => (x.op === inputOp ? [] : [[`${i}`, cast(x, "f32")] as const]));
  const values =
    computed.length > 0 ? await runOnce(engine, makeGraph(Object.fromEntries(computed)), weights, feeds) : {};
  const fed = { ...weights, ...feeds };
  return node.inputs.map((x, i) => largestFinite(values[i] ?? fed[inputName(x)]!));
}

function largestFinite({ dtype, data }: Tensor): number {
  if (dtype === "f16") {
    // Halves without their sign are ordered as their bits are, and those of infinity come after all finite ones.
    const bits = (data as Uint16Array).reduce(
      (most, half) => ((half & 0x7fff) < 0x7c00 ? Math.max(most, half & 0x7fff) : most),
      0,
    );
    return f16ToF32(Uint16Array.of(bits))[0]!;
  }
  return (data as Float32Array).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
}
