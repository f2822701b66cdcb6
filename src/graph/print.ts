import { sizeOf } from "../util/tensor.ts";
import { byteSize, flopsOf, totalFlops } from "./cost.ts";
import type { Graph } from "./graph.ts";
import { formatType, type Node } from "./node.ts";
import { constantOp, inputName, inputOp } from "./ops/source.ts";

/**
 * A graph as text, one value a line: `%12 f32[2,8,264,256] = matmul %9 %11 {transB}  4.3 MB  1.1 GFLOP`.
 * Nothing in it depends on the machine, so it can be kept as a reviewed file.
 */
export function printGraph(graph: Graph): string {
  const ids = new Map(graph.nodes.map((node, i) => [node, `%${i}`]));
  const lines = graph.nodes.map((node) => {
    const call = [node.op.name, ...node.inputs.map((input) => ids.get(input)!)].join(" ");
    const flops = flopsOf(node);
    const cost = [formatBytes(byteSize(node.type)), ...(flops > 0 ? [formatFlops(flops)] : [])].join("  ");
    return `${ids.get(node)} ${formatType(node.type)} = ${call}${formatAttrs(node)}  ${cost}`;
  });
  const outputs = [...graph.outputs].map(([name, node]) => `output ${name} = ${ids.get(node)}`);
  return [...lines, ...outputs, `${graph.nodes.length} values, ${formatFlops(totalFlops(graph))}`, ""].join("\n");
}

function formatAttrs(node: Node): string {
  const { op, attrs, type } = node;
  if (op === inputOp) return ` ${inputName(node)}`;
  if (op === constantOp) return sizeOf(type.shape) === 1 ? ` ${(attrs as { data: ArrayLike<number> }).data[0]}` : "";
  const shown = Object.entries(attrs ?? {}).flatMap(([name, value]) => {
    if (value === false || (name === "alpha" && value === 1)) return [];
    return value === true ? [name] : [`${name}=${Array.isArray(value) ? `[${value}]` : value}`];
  });
  return shown.length > 0 ? ` {${shown.join(", ")}}` : "";
}

const THOUSANDS = ["", "k", "M", "G", "T", "P"];

function withPrefix(value: number): string {
  const power = Math.min(THOUSANDS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const scaled = value / 1000 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${THOUSANDS[power]}`;
}

export const formatBytes = (bytes: number): string => `${withPrefix(bytes)}B`;
const formatFlops = (flops: number): string => `${withPrefix(flops)}FLOP`;
