import { sizeOf, type Tensor } from "../../util/tensor.ts";
import { apply, bindShape, defineOp, type Node, type Op, ShapeError } from "../node.ts";
import { widenBlocksOp, widenRows } from "./block-product.ts";
import { EXACT } from "./loops.ts";
import { matmul } from "./matmul.ts";
import { asColumn, float32, ONNX_DTYPE, range } from "./onnx-values.ts";
import { reshape } from "./reshape.ts";

/** indices [..] → [..,depth]: 1 at the index, 0 elsewhere; a row of zeros for an index outside 0 … depth − 1. */
export const oneHotOp: Op<{ readonly depth: number }> = defineOp<{ readonly depth: number }>({
  name: "oneHot",
  type: ([indices], { depth }) => ({ dtype: "f32", shape: [...indices!.shape, depth] }),
  vjp: () => [null],
  onnx: (emit, [indices], { depth }, [type]) => {
    const column = asColumn(emit, indices!, type!);
    return emit.node("Cast", [emit.node("Equal", [column, range(emit, depth)])], { to: ONNX_DTYPE.f32 });
  },
  tfjs: (k, [indices], { depth }) => k.oneHot(indices!, depth),
  reference: ([indices], { depth }) => {
    const data = new Float64Array(indices!.data.length * depth);
    indices!.data.forEach((index, row) => {
      if (index >= 0 && index < depth) data[row * depth + index] = 1;
    });
    return { shape: [...indices!.shape, depth], data };
  },
  flops: () => 0,
  samples: [
    { label: "a vector", inputs: [{ shape: [4], below: 5 }], attrs: { depth: 5 } },
    { label: "rows of a batch, some outside", inputs: [{ shape: [2, 3], below: 7 }], attrs: { depth: 5 } },
  ],
  tolerance: EXACT,
});

/** table [V,..], ids [..] → [..,..]: row `ids` of the table. */
export const embeddingOp: Op<null> = defineOp<null>({
  name: "embedding",
  type: ([table, ids]) => {
    if (table!.shape.length < 2) throw new ShapeError(`embedding: wants a table [V,D] but got [${table!.shape}]`);
    return { dtype: table!.dtype, shape: [...ids!.shape, ...table!.shape.slice(1)] };
  },
  vjp: (dy, [table, ids]) => {
    const [v, ...row] = table!.type.shape;
    const [n, d] = [sizeOf(ids!.type.shape), sizeOf(row)];
    const ofTable = () => matmul(oneHot(reshape(ids!, [n]), v!), reshape(dy, [n, d]), { transA: true });
    return [() => reshape(ofTable(), table!.type.shape), null];
  },
  onnx: (emit, inputs) => emit.node("Gather", inputs),
  tfjs: (k, [table, ids]) => k.gather(table!, ids!),
  reference: ([table, ids]) => {
    const row = table!.shape.slice(1);
    const width = sizeOf(row);
    const data = new Float64Array(ids!.data.length * width);
    ids!.data.forEach((id, i) => {
      data.set(table!.data.subarray(id * width, (id + 1) * width), i * width);
    });
    return { shape: [...ids!.shape, ...row], data };
  },
  flops: () => 0,
  samples: [
    { label: "a batch of tokens", inputs: [[6, 3], { shape: [2, 4], below: 6 }], attrs: null },
    { label: "one id", inputs: [[6, 3], { shape: [1], below: 6 }], attrs: null },
    { label: "rows of several axes", inputs: [[5, 2, 3], { shape: [2, 2], below: 5 }], attrs: null },
  ],
  tolerance: EXACT,
});

/** Which keys a query may see; see `prefixMask`. */
export const prefixMaskOp: Op<{ readonly size: number }> = defineOp<{ readonly size: number }>({
  name: "prefixMask",
  type: ([positions, prefixLengths], { size }) => {
    const { B, T } = bindShape<"B" | "T">("prefixMask positions", { type: positions! }, "B T");
    bindShape("prefixMask prefix lengths", { type: prefixLengths! }, "B", { B });
    return { dtype: "f32", shape: [B, T, size] };
  },
  vjp: () => [null, null],
  onnx: (emit, [positions, prefixLengths], { size }, [type]) => {
    const [b] = type!.shape;
    const limits = emit.node("Max", [
      asColumn(emit, positions!, type!),
      asColumn(emit, prefixLengths!, { dtype: "i32", shape: [b!, 1] }),
    ]);
    return emit.node("Where", [
      emit.node("Less", [range(emit, size), limits]),
      float32(emit, 0),
      float32(emit, HIDDEN),
    ]);
  },
  tfjs: (k, [positions, prefixLengths], { size }, [{ shape }]) => {
    const [b, t] = shape as [number, number];
    const limits = k.maximum(k.reshape(positions!, [b, t, 1]), k.reshape(prefixLengths!, [b, 1, 1]));
    const keys = k.constant({ dtype: "i32", shape: [size], data: Int32Array.from({ length: size }, (_, s) => s) });
    return k.select(k.less(keys, limits), k.constant(float(0)), k.constant(float(HIDDEN)));
  },
  reference: ([positions, prefixLengths], { size }) => {
    const [b, t] = positions!.shape as [number, number];
    const data = new Float64Array(b * t * size);
    positions!.data.forEach((position, query) => {
      const limit = Math.max(position, prefixLengths!.data[Math.floor(query / t)]!);
      data.fill(HIDDEN, query * size + Math.min(limit, size), (query + 1) * size);
    });
    return { shape: [b, t, size], data };
  },
  flops: () => 0,
  samples: [
    {
      label: "queries of a batch",
      inputs: [
        { shape: [2, 3], below: 6 },
        { shape: [2], below: 6 },
      ],
      attrs: { size: 5 },
    },
  ],
  tolerance: EXACT,
});

/** Added to a score it leaves a weight of exactly 0; finite, for −∞ would turn a row without keys into NaN. */
const HIDDEN = -1e9;

const float = (value: number): Tensor => ({ dtype: "f32", shape: [], data: Float32Array.of(value) });

export const oneHot = (indices: Node, depth: number): Node => apply(oneHotOp, [indices], { depth });

/** Rows of a table; of one that is kept in blocks only those that are asked for are widened. */
export const embedding = (table: Node, ids: Node): Node =>
  table.op === widenBlocksOp
    ? widenRows(table, (part) => embedding(part, ids))
    : apply(embeddingOp, [table, ids], null);

/**
 * The prefix-LM mask (Beyer et al. 2024, fig. 2) over right-padded rows, to be added to scores: 0 where key s of `size` is
 * visible, s < max(position, prefix length), else a large negative number. Positions count from 1.
 * With a prefix of 3 and one pad:  prefix queries see `0 0 0 - - -`, the first suffix query `0 0 0 0 - -`, the next `0 0 0 0 0 -`.
 * positions [B,T], prefixLengths [B] → [B,T,size].
 */
export const prefixMask = (positions: Node, prefixLengths: Node, size: number): Node =>
  apply(prefixMaskOp, [positions, prefixLengths], { size });

/** x [B,T,D], rows [B,L] → [B,L,D]: chosen rows of each batch entry, as a product so that its gradient is one too. */
export function takeRows(x: Node, rows: Node): Node {
  return matmul(oneHot(rows, x.type.shape[1]!), x);
}
