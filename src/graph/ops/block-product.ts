import { sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Float64Tensor, type Node, type Op, ShapeError, type TfjsKernels } from "../node.ts";
import { cast } from "./cast.ts";
import { mul, scale, shift, sub } from "./elementwise.ts";
import { ANY_ORDER } from "./loops.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { concat, slice } from "./slice.ts";

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

const blocksOf = ({ in: k, block }: BlockFormat) => Math.ceil(k / block);

/**
 * x [..,K] · Wᵀ for a frozen W [N,K] whose blocks of columns are integers with a scale each: w = s · (q − 2^(bits−1)).
 * x, packed u8 [N, K/block, block·bits/8] (two 4-bit numbers a byte, the first in the low half), scales [N, K/block] → [..,N].
 */
export const blockProductOp: Op<BlockProductAttrs> = defineOp<BlockProductAttrs>({
  name: "blockProduct",
  type: ([x, packed, scales], attrs) => {
    const { out, in: k, bits, block } = attrs;
    const blocks = blocksOf(attrs);
    const wanted = [
      [out, blocks, (block * bits) / 8],
      [out, blocks],
    ];
    if (x!.shape.at(-1) !== k) throw new ShapeError(`blockProduct: x [${x!.shape}] wants K=${k}`);
    if (packed!.shape.join() !== wanted[0]!.join() || scales!.shape.join() !== wanted[1]!.join())
      throw new ShapeError(
        `blockProduct: wants packed [${wanted[0]}] and scales [${wanted[1]}] but got [${packed!.shape}] and [${scales!.shape}]`,
      );
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), out] };
  },
  vjp: (dy, [, packed, scales], attrs) => [() => matmul(dy, widenBlocks(packed!, scales!, attrs)), null, null],
  onnx: (emit, inputs, { out, in: k, bits, block, rounded }) =>
    emit.node(
      "MatMulNBits",
      inputs,
      { K: k, N: out, bits, block_size: block, accuracy_level: rounded ? 4 : 0 },
      "com.microsoft",
    ),
  tfjs: (k, [x, packed, scales], attrs) => k.matmul(x!, widenInTfjs(k, packed!, scales!, attrs), false, true),
  reference: ([x, packed, scales], attrs) => multiply(x!, packed!, scales!, attrs),
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

/** The weight [N,K] in float32, of packed u8 [N,K/block,·] and scales [N,K/block]. */
export function widenBlocks(packed: Node, scales: Node, format: BlockFormat): Node {
  const { out, in: k, bits, block } = format;
  const blocks = blocksOf(format);
  const bytes = cast(packed, "f32");
  const high = cast(cast(scale(bytes, 1 / 16), "i32"), "f32"); // a cast drops what is behind the point
  const halves = () =>
    concat(
      [sub(bytes, scale(high, 16)), high].map((x) => reshape(x, [...x.type.shape, 1])),
      -1,
    );
  const integers = reshape(bits === 8 ? bytes : halves(), [out, blocks, block]);
  const values = mul(shift(integers, -(2 ** (bits - 1))), reshape(scales, [out, blocks, 1]));
  return slice(reshape(values, [out, blocks * block]), 1, 0, k);
}

/** The same in TensorFlow.js. */
function widenInTfjs<X>(k: TfjsKernels<X>, packed: X, scales: X, format: BlockFormat): X {
  const { out, in: width, bits, block } = format;
  const blocks = blocksOf(format);
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
  const { out, in: k, bits, block } = format;
  const blocks = blocksOf(format);
  const weight = (row: number, column: number) => {
    const at = row * blocks * block + column;
    const q = bits === 8 ? packed.data[at]! : (packed.data[at >> 1]! >> (4 * (at & 1))) & 15;
    return scales.data[row * blocks + Math.floor(column / block)]! * (q - 2 ** (bits - 1));
  };
  const rows = x.data.length / k;
  const data = new Float64Array(rows * out);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < out; j++) for (let c = 0; c < k; c++) data[i * out + j]! += x.data[i * k + c]! * weight(j, c);
  return { shape: [...x.shape.slice(0, -1), out], data };
}

/** x · Wᵀ for a weight in blocks; see `blockProductOp`. */
export const blockProduct = (x: Node, packed: Node, scales: Node, attrs: BlockProductAttrs): Node =>
  apply(blockProductOp, [x, packed, scales], attrs);
