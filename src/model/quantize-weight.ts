import { setImmediate as breathe } from "node:timers/promises";
import { type BlockLayout, dequantizeBlocks, type QuantizedBlocks, quantizeBlocks } from "../formats/blockwise.ts";
import { f16ToF32 } from "../formats/half.ts";
import type { Shape, Tensor } from "../util/tensor.ts";
import { tensor } from "../util/tensor.ts";

/** A weight in blocks, and how far it is from what it was. */
export interface QuantizedWeight extends QuantizedBlocks {
  /** Σw² and Σ(w − ŵ)². */
  readonly squares: { readonly weight: number; readonly error: number };
}

/** Numbers that are quantised in one go: a signal is heard in between. */
const PIECE = 2 ** 22;

/**
 * Rounds a matrix to blocks, some rows at a time.
 * @param onRows told of the bytes that each piece takes; it may throw to end the work
 */
export async function quantizeWeight(
  weight: Tensor<"f32"> | Tensor<"f16">,
  layout: BlockLayout,
  onRows: (bytes: number) => void = () => {},
): Promise<QuantizedWeight> {
  const [rows, columns] = weight.shape as [number, number];
  const blocks = Math.ceil(columns / layout.block);
  const rowBytes = (blocks * layout.block * layout.bits) / 8;
  const packed = new Uint8Array(rows * rowBytes);
  const scales = new Float32Array(rows * blocks);
  const squares = { weight: 0, error: 0 };
  const some = Math.max(1, Math.floor(PIECE / columns));
  for (let row = 0; row < rows; row += some) {
    await breathe();
    const end = Math.min(rows, row + some);
    const piece = rowsOf(weight, row, end);
    const found = quantizeBlocks(piece, layout);
    packed.set(found.packed, row * rowBytes);
    scales.set(found.scales, row * blocks);
    addSquares(squares, piece, dequantizeBlocks(found, piece.shape as [number, number], layout).data);
    onRows(found.packed.byteLength + found.scales.byteLength);
  }
  return { packed, scales, squares };
}

function rowsOf({ dtype, shape, data }: Tensor<"f32"> | Tensor<"f16">, row: number, end: number) {
  const columns = shape[1]!;
  const part: Shape = [end - row, columns];
  return tensor(dtype, part, data.subarray(row * columns, end * columns)) as Tensor<"f32"> | Tensor<"f16">;
}

function addSquares(
  squares: { weight: number; error: number },
  { dtype, data }: Tensor<"f32"> | Tensor<"f16">,
  found: Float32Array,
): void {
  const wanted = dtype === "f16" ? f16ToF32(data as Uint16Array) : (data as Float32Array);
  let [weight, error] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    weight += wanted[i]! * wanted[i]!;
    error += (wanted[i]! - found[i]!) ** 2;
  }
  squares.weight += weight;
  squares.error += error;
}
