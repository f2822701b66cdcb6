import { sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, ShapeError } from "../node.ts";
import { cast } from "./cast.ts";
import { mul } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { float32, int64, ONNX_DTYPE } from "./onnx-values.ts";

/**
 * The largest magnitude of a weight. Without VNNI an x86 processor adds two products of a byte of x, up to 255, and a weight in
 * 16 bits and clips the sum: 2 · 255 · 63 is below 2¹⁵. Weights of 8 bits would give other results there (off by 20 %, measured).
 */
export const INT8_WEIGHT_LIMIT = 63;

/**
 * (x [..,K] · q i8 [K,N]) ∘ scales, [N] or one for all [] → [..,N]. An engine may round x to 8 bits, each row with a scale of its
 * own, and multiply whole numbers: processors do that 2 to 14 times as fast as float32.
 */
export const int8ProductOp: Op<null> = defineOp<null>({
  name: "int8Product",
  type: ([x, whole, scales]) => {
    const [k, out] = whole!.shape;
    const isScaled = scales!.shape.length === 0 || scales!.shape.join() === String(out);
    if (whole!.shape.length !== 2 || x!.shape.at(-1) !== k || !isScaled) {
      const found = `x [${x!.shape}], q [${whole!.shape}] and scales [${scales!.shape}]`;
      throw new ShapeError(`int8Product: wants x [..,K], q [K,N] and scales [N] or [] but got ${found}`);
    }
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), out!] };
  },
  vjp: (dy, [, whole, scales]) => [() => matmul(mul(dy, scales!), cast(whole!, "f32"), { transB: true }), null, null],
  onnx(emit, [x, whole, scales]) {
    const lastAxis = emit.constant({ dtype: "i64", shape: [1], data: BigInt64Array.of(-1n) });
    const largest = emit.node("ReduceMax", [emit.node("Abs", [x!]), lastAxis], { keepdims: 1 });
    const step = emit.node("Max", [emit.node("Mul", [largest, float32(emit, 1 / 127)]), float32(emit, SMALLEST_STEP)]);
    const middle = emit.constant({ dtype: "u8", shape: [], data: Uint8Array.of(128) });
    const one = float32(emit, 1);
    const bytes = emit.node("QuantizeLinear", [emit.node("Div", [x!, step]), one, middle]);
    const product = emit.node("MatMulIntegerToFloat", [bytes, whole!, one, scales!, middle], {}, "com.microsoft");
    return emit.node("Mul", [product, step]);
  },
  tfjs: (k, [x, whole, scales]) => k.mul(k.matmul(x!, k.cast(whole!, "f32"), false, false), scales!),
  reference([x, whole, scales]) {
    const [k, out] = whole!.shape as [number, number];
    const rows = x!.data.length / k;
    const data = new Float64Array(rows * out);
    for (let i = 0; i < rows; i++)
      for (let c = 0; c < k; c++)
        for (let j = 0; j < out; j++) data[i * out + j]! += x!.data[i * k + c]! * whole!.data[c * out + j]!;
    for (let i = 0; i < data.length; i++) data[i]! *= scales!.data[i % scales!.data.length]!;
    return { shape: [...x!.shape.slice(0, -1), out], data };
  },
  scratch: (_attrs, [x]) => 5 * sizeOf(x!.shape), // magnitudes in float32, and bytes
  flops: ([x], result) => 2 * sizeOf(result.shape) * x!.shape.at(-1)!,
  samples: [
    {
      label: "rows of a batch",
      inputs: [[2, 3, 48], { shape: [48, 5], below: INT8_WEIGHT_LIMIT + 1, dtype: "i8" }, [5]],
      attrs: null,
    },
    {
      label: "one scale for all",
      inputs: [[4, 32], { shape: [32, 3], below: INT8_WEIGHT_LIMIT + 1, dtype: "i8" }, []],
      attrs: null,
    },
  ],
  tolerance: { relative: 2e-2, why: "x may be rounded to 8 bits" },
});

/** A row of zeros has a scale too. */
const SMALLEST_STEP = 1e-30;

/** The weight [N,K] in float32 that whole numbers i8 [N,K] with a scale for each row [N] stand for: w = s · q. */
export const widenInt8Op: Op<null> = defineOp<null>({
  name: "widenInt8",
  type: ([whole, scales]) => {
    if (whole!.shape.length !== 2 || scales!.shape.join() !== String(whole!.shape[0]))
      throw new ShapeError(`widenInt8: wants q [N,K] and scales [N] but got [${whole!.shape}] and [${scales!.shape}]`);
    return { dtype: "f32", shape: whole!.shape };
  },
  vjp: () => [null, null],
  onnx(emit, [whole, scales], _attrs, [type]) {
    const columns = emit.node("Reshape", [scales!, int64(emit, [type!.shape[0]!, 1])]);
    return emit.node("Mul", [emit.node("Cast", [whole!], { to: ONNX_DTYPE.f32 }), columns]);
  },
  tfjs: (k, [whole, scales], _attrs, [type]) => k.mul(k.cast(whole!, "f32"), k.reshape(scales!, [type!.shape[0]!, 1])),
  reference: ([whole, scales]) => ({
    shape: whole!.shape,
    data: whole!.data.map((q, i) => q * scales!.data[Math.floor(i / whole!.shape[1]!)]!),
  }),
  scratch: (_attrs, [whole]) => 4 * sizeOf(whole!.shape),
  samples: [
    {
      label: "a scale for each row",
      inputs: [{ shape: [5, 7], below: INT8_WEIGHT_LIMIT + 1, dtype: "i8" }, [5]],
      attrs: null,
    },
  ],
  tolerance: { relative: 1e-7, why: "one product, rounded once" },
});

/** (x · q) ∘ scales; see `int8ProductOp`. */
export const int8Product = (x: Node, whole: Node, scales: Node): Node => apply(int8ProductOp, [x, whole, scales], null);

/** The weight [N,K] in float32; see `widenInt8Op`. */
export const widenInt8 = (whole: Node, scales: Node): Node => apply(widenInt8Op, [whole, scales], null);
