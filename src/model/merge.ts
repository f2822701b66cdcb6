import { f16ToF32, f32ToF16 } from "../formats/half.ts";
import { type Tensor, tensor } from "../util/tensor.ts";

/** W + s·B·A in float32, then in the type that W has. */
export function mergeWeight(weight: Tensor, a: Tensor<"f32">, b: Tensor<"f32">, scale: number): Tensor {
  const [rank, width] = a.shape as [number, number];
  const out = b.shape[0]!;
  const sum =
    weight.dtype === "f16" ? f16ToF32(weight.data as Uint16Array) : Float32Array.from(weight.data as Float32Array);
  const row = new Float64Array(width);
  for (let o = 0; o < out; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b.data[o * rank + r]!;
      for (let i = 0; i < width; i++) row[i]! += factor * a.data[r * width + i]!;
    }
    for (let i = 0; i < width; i++) sum[o * width + i]! += row[i]!;
  }
  return weight.dtype === "f16" ? tensor("f16", weight.shape, f32ToF16(sum)) : tensor("f32", weight.shape, sum);
}
