import { byteSize } from "../graph/cost.ts";
import { type Graph, rewrite } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { add, cast, concat, constant, embedding, matmul, slice } from "../graph/ops/index.ts";
import { type MatmulAttrs, matmulOp } from "../graph/ops/matmul.ts";
import { isWidenedBlocks, isWidenedWeight } from "./widen-at-use.ts";

/** A widened weight of more bytes than this is never there as a whole: Gemma's embedding, 2.1 GB, which is its output layer too. */
const MOST_WIDENED = 144 * 2 ** 20;

/**
 * Takes products with a frozen weight W [N,K], in fp16 or in blocks, that is large when widened in parts of its rows: x · Wᵀ part by part side by
 * side, dy · W as the sum of the parts. A graph without any comes back as it is.
 */
export function splitProducts(graph: Graph, most = MOST_WIDENED): Graph {
  if (!graph.nodes.some((node) => isLargeProduct(node, most))) return graph;
  return rewrite(graph, (node) => (isLargeProduct(node, most) ? split(node, most) : node));
}

function isLargeProduct({ op, inputs: [, w], attrs }: Node, most: number): boolean {
  return (
    op === matmulOp &&
    (isWidenedWeight(w!) || isWidenedBlocks(w!)) &&
    byteSize(w!.type) > most &&
    !(attrs as MatmulAttrs).transA
  );
}

function split({ inputs: [x, widened], attrs }: Node, most: number): Node {
  const { transB, alpha } = attrs as MatmulAttrs;
  const table = isWidenedBlocks(widened!) ? widened! : widened!.inputs[0]!;
  const [rows, columns] = table.type.shape as [number, number];
  const size = Math.max(1, Math.floor(most / (4 * columns)));
  const starts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size);
  const parts = starts.map((start) => {
    const end = Math.min(rows, start + size);
    const part = cast(embedding(table, rowsBetween(start, end)), "f32");
    return matmul(transB ? x! : slice(x!, -1, start, end), part, { transB, alpha });
  });
  return transB ? concat(parts, -1) : parts.reduce((sum, part) => add(sum, part));
}

/** Rows are picked and not sliced: of a table in blocks they are picked before they are widened. */
const rowsBetween = (start: number, end: number): Node =>
  constant({ dtype: "i32", shape: [end - start], data: Int32Array.from({ length: end - start }, (_, i) => start + i) });
