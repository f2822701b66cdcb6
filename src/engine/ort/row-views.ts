import { type Graph, rewrite } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { input } from "../../graph/ops/index.ts";
import { embeddingOp } from "../../graph/ops/lookup.ts";
import { type SliceAttrs, sliceOp } from "../../graph/ops/slice.ts";
import { constantOp, inputName, inputOp } from "../../graph/ops/source.ts";
import { type Tensor, tensor } from "../../util/tensor.ts";
import type { Tensors } from "../engine.ts";

interface Rows {
  readonly start: number;
  readonly end: number;
}

/** Rows of the input of that name. */
interface View extends Rows {
  readonly source: string;
}

/** By the names of inputs, the rows of other inputs that they are. */
export type Views = ReadonlyMap<string, View>;

export const NO_VIEWS: Views = new Map();

export interface Viewed {
  readonly graph: Graph;
  readonly views: Views;
}

/**
 * Gives rows of an input that stand behind each other, sliced or picked, an input of their own: what it is fed lies in the memory of
 * the other one and is no copy. A graph without any comes back as it is.
 */
export function viewRows(graph: Graph): Viewed {
  if (!graph.nodes.some(rowsRead)) return { graph, views: NO_VIEWS };
  const views = new Map<string, View>();
  const viewed = rewrite(graph, (node) => {
    const rows = rowsRead(node);
    if (!rows) return node;
    const source = inputName(node.inputs[0]!);
    const name = `${source} rows ${rows.start}:${rows.end}`;
    views.set(name, { source, ...rows });
    return input(name, node.type.dtype, node.type.shape);
  });
  return { graph: viewed, views };
}

/** Which rows of an input a node takes; undefined when it is no such node. */
function rowsRead({ op, inputs: [x, ids], attrs }: Node): Rows | undefined {
  if (x?.op !== inputOp) return undefined;
  if (op === sliceOp) {
    const { axis, start, end } = attrs as SliceAttrs;
    return axis === 0 ? { start, end } : undefined;
  }
  if (op !== embeddingOp || ids!.op !== constantOp) return undefined;
  const { shape, data } = ids!.attrs as Tensor<"i32">;
  const [start, end] = [data[0]!, data[0]! + data.length];
  const isView = shape.length === 1 && data.every((row, i) => row === start + i);
  return isView && start >= 0 && end <= x.type.shape[0]! ? { start, end } : undefined;
}

/** What views are fed that look into any of these tensors. */
export function feedViews(tensors: Tensors, views: Views): Tensors {
  return Object.fromEntries(
    [...views].flatMap(([name, { source, start, end }]) => {
      if (!Object.hasOwn(tensors, source)) return [];
      const { dtype, shape, data } = tensors[source]!;
      const width = data.length / shape[0]!;
      return [[name, tensor(dtype, shape.with(0, end - start), data.subarray(start * width, end * width))]];
    }),
  );
}
