import { type Shape, sizeOf } from "../../util/tensor.ts";
import {
  apply,
  defineOp,
  type Float64Tensor,
  type Node,
  type Op,
  ShapeError,
  type TfjsKernels,
  type Type,
} from "../node.ts";
import { ANY_ORDER } from "./loops.ts";
import { matmul } from "./matmul.ts";
import { float32, int64, ONNX_DTYPE } from "./onnx-values.ts";
import { reshape } from "./reshape.ts";

/** How a weight [N,K] is kept in blocks of numbers of few bits, as onnxruntime's MatMulNBits has it. */
export interface BlockFormat {
  /** N, rows of the weight. */
  readonly out: number;
  /** K, columns of the weight. */
  readonly in: number;
  readonly bits: 4 | 8;
  /** Columns that share a scale; the last block of a row is filled up. */
  readonly block: number;
}

export interface BlockProductAttrs extends BlockFormat {
  /** Whether an engine may round x to 8 bits as well, for speed. */
  readonly rounded: boolean;
}

function widenedBytes({ out, in: k }: BlockFormat): number {
  return 4 * out * k;
}

/**
 * x [..,K] · Wᵀ for a frozen W [N,K] whose blocks of columns are integers with a scale each: w = s · (q − 2^(bits−1)).
 * x, packed u8 [N, K/block, block·bits/8] (two 4-bit numbers a byte, the first in the low half), scales [N, K/block] → [..,N].
 */
export const blockProductOp: Op<BlockProductAttrs> = defineOp<BlockProductAttrs>({
  name: "blockProduct",
  type: ([x, packed, scales], attrs) => {
    if (x!.shape.at(-1) !== attrs.in) throw new ShapeError(`blockProduct: x [${x!.shape}] wants K=${attrs.in}`);
    requireBlocks("blockProduct", packed!, scales!, attrs);
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), attrs.out] };
  },
  vjp: (dy, [, packed, scales], { out, in: k, bits, block }) => [
    () => matmul(dy, widenBlocks(packed!, scales!, { out, in: k, bits, block })),
    null,
    null,
  ],
  onnx: (emit, inputs, { out, in: k, bits, block, rounded }) =>
    emit.node(
      "MatMulNBits",
      inputs,
      { K: k, N: out, bits, block_size: block, accuracy_level: rounded ? 4 : 0 },
      "com.microsoft",
    ),
  tfjs: (k, [x, packed, scales], attrs) => k.matmul(x!, widenInTfjs(k, packed!, scales!, attrs), false, true),
  reference: ([x, packed, scales], attrs) => multiply(x!, packed!, scales!, attrs),
  scratch: widenedBytes, // its kernel for blocks is for weights that are constants of a model; of fed ones it makes a wide copy
  flops: (_inputs, result, { in: k }) => 2 * sizeOf(result.shape) * k,
  samples: [
    {
      label: "8 bits, a last block that is half full",
      inputs: [[2, 3, 48], { shape: [5, 2, 32], below: 256, dtype: "u8" }, [5, 2]],
      attrs: { out: 5, in: 48, bits: 8, block: 32, rounded: false },
    },
    {
      label: "4 bits",
      inputs: [[3, 64], { shape: [4, 2, 16], below: 256, dtype: "u8" }, [4, 2]],
      attrs: { out: 4, in: 64, bits: 4, block: 32, rounded: false },
    },
  ],
  tolerance: ANY_ORDER,
});

/** A weight's bytes and scales: packed u8 [N, K/block, block·bits/8], scales [N, K/block]. */
export function blockShapes({ out, in: k, bits, block }: BlockFormat): { packed: Shape; scales: Shape } {
  const blocks = Math.ceil(k / block);
  return { packed: [out, blocks, (block * bits) / 8], scales: [out, blocks] };
}

/** The weight [N,K] in float32 that blocks stand for: packed u8 [N, K/block, block·bits/8], scales [N, K/block]. */
export const widenBlocksOp: Op<BlockFormat> = defineOp<BlockFormat>({
  name: "widenBlocks",
  type: ([packed, scales], format) => {
    requireBlocks("widenBlocks", packed!, scales!, format);
    return { dtype: "f32", shape: [format.out, format.in] };
  },
  vjp: () => [null, null],
  onnx: (emit, [packed, scales], { out, in: k, bits, block }) => {
    const blocks = Math.ceil(k / block);
    const byte = (value: number) => emit.constant({ dtype: "u8", shape: [], data: Uint8Array.of(value) });
    /** Two 4-bit numbers of a byte as two bytes side by side. */
    const apart = () => {
      const halves = [
        emit.node("BitwiseAnd", [packed!, byte(15)]),
        emit.node("BitShift", [packed!, byte(4)], { direction: "RIGHT" }),
      ].map((half) => emit.node("Reshape", [half, int64(emit, [out, blocks, block / 2, 1])]));
      return emit.node("Reshape", [emit.node("Concat", halves, { axis: 3 }), int64(emit, [out, blocks, block])]);
    };
    const numbers = emit.node("Cast", [bits === 8 ? packed! : apart()], { to: ONNX_DTYPE.f32 });
    const centred = emit.node("Add", [numbers, float32(emit, -(2 ** (bits - 1)))]);
    const columns = emit.node("Reshape", [scales!, int64(emit, [out, blocks, 1])]);
    const rows = emit.node("Reshape", [emit.node("Mul", [centred, columns]), int64(emit, [out, blocks * block])]);
    if (blocks * block === k) return rows;
    return emit.node("Slice", [rows, ...[[0], [k], [1]].map((place) => int64(emit, place))]);
  },
  tfjs: (k, [packed, scales], format) => widenInTfjs(k, packed!, scales!, format),
  reference: ([packed, scales], format) => {
    const weight = weightAt(packed!, scales!, format);
    const { out, in: k } = format;
    const data = Float64Array.from({ length: out * k }, (_, i) => weight(Math.floor(i / k), i % k));
    return { shape: [out, k], data };
  },
  scratch: widenedBytes,
  flops: (_inputs, result) => 2 * sizeOf(result.shape),
  samples: [
    {
      label: "8 bits, a last block that is half full",
      inputs: [{ shape: [5, 2, 32], below: 256, dtype: "u8" }, [5, 2]],
      attrs: { out: 5, in: 48, bits: 8, block: 32 },
    },
    {
      label: "4 bits",
      inputs: [{ shape: [4, 2, 16], below: 256, dtype: "u8" }, [4, 2]],
      attrs: { out: 4, in: 64, bits: 4, block: 32 },
    },
  ],
  tolerance: { relative: 1e-7, why: "one product, rounded once" },
});

function widenInTfjs<X>(k: TfjsKernels<X>, packed: X, scales: X, format: BlockFormat): X {
  const { out, in: width, bits, block } = format;
  const blocks = Math.ceil(width / block);
  const bytes = k.cast(packed, "f32");
  const high = k.cast(k.cast(k.mul(bytes, k.scalar(1 / 16, bytes)), "i32"), "f32");
  const low = k.sub(bytes, k.mul(high, k.scalar(16, bytes)));
  const pairs = () =>
    k.concat(
      [low, high].map((x) => k.reshape(x, [out, blocks, block / 2, 1])),
      3,
    );
  const integers = k.reshape(bits === 8 ? bytes : pairs(), [out, blocks, block]);
  const centred = k.sub(integers, k.scalar(2 ** (bits - 1), bytes));
  const values = k.mul(centred, k.reshape(scales, [out, blocks, 1]));
  return k.slice(k.reshape(values, [out, blocks * block]), [0, 0], [out, width]);
}

function multiply(x: Float64Tensor, packed: Float64Tensor, scales: Float64Tensor, format: BlockFormat): Float64Tensor {
  const { out, in: k } = format;
  const weight = weightAt(packed, scales, format);
  const rows = x.data.length / k;
  const data = new Float64Array(rows * out);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < out; j++) for (let c = 0; c < k; c++) data[i * out + j]! += x.data[i * k + c]! * weight(j, c);
  return { shape: [...x.shape.slice(0, -1), out], data };
}

/** s · (q − 2^(bits−1)) at a row and column. */
function weightAt(
  { data: bytes }: Float64Tensor,
  { data: scales }: Float64Tensor,
  { in: k, bits, block }: BlockFormat,
) {
  const blocks = Math.ceil(k / block);
  return (row: number, column: number): number => {
    const at = row * blocks * block + column;
    const q = bits === 8 ? bytes[at]! : (bytes[at >> 1]! >> (4 * (at & 1))) & 15;
    return scales[row * blocks + Math.floor(column / block)]! * (q - 2 ** (bits - 1));
  };
}

function requireBlocks(op: string, packed: Type, scales: Type, format: BlockFormat): void {
  const wanted = blockShapes(format);
  if (packed.shape.join() === wanted.packed.join() && scales.shape.join() === wanted.scales.join()) return;
  const found = `[${packed.shape}] and [${scales.shape}]`;
  throw new ShapeError(`${op}: wants packed [${wanted.packed}] and scales [${wanted.scales}] but got ${found}`);
}

/** x · Wᵀ for a weight in blocks; see `blockProductOp`. */
export const blockProduct = (x: Node, packed: Node, scales: Node, attrs: BlockProductAttrs): Node =>
  apply(blockProductOp, [x, packed, scales], attrs);

/** The weight [N,K] in float32; see `widenBlocksOp`. */
export const widenBlocks = (packed: Node, scales: Node, format: BlockFormat): Node =>
  apply(widenBlocksOp, [packed, scales], format);

/** Rows of a widened weight, by their ids [..]: [..,K]. Bytes and scales are picked, and no other row is widened. */
export function widenRows({ inputs: [packed, scales], attrs }: Node, pick: (table: Node) => Node): Node {
  const [rows, rowScales] = [pick(packed!), pick(scales!)];
  const lead = rowScales.type.shape.slice(0, -1);
  const format = { ...(attrs as BlockFormat), out: sizeOf(lead) };
  const shapes = blockShapes(format);
  const wide = widenBlocks(reshape(rows, shapes.packed), reshape(rowScales, shapes.scales), format);
  return reshape(wide, [...lead, format.in]);
}
