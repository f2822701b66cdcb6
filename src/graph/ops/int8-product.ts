import { type Shape, sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, ShapeError, type TfjsKernels } from "../node.ts";
import { cast } from "./cast.ts";
import { add, mul, scale } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { float32, int64, ONNX_DTYPE } from "./onnx-values.ts";

/**
 * The largest magnitude of a weight. Without VNNI an x86 processor adds two products of a byte of x, up to 255, and a weight in
 * 16 bits and clips the sum: 2 · 255 · 63 is below 2¹⁵. Weights of 8 bits would give other results there (off by 20 %, measured).
 */
export const INT8_WEIGHT_LIMIT = 63;

/**
 * What rounding leaves of a weight, −½ to ½ of a step, is kept in whole numbers too where precision asks for it, in as many parts of a
 * step: they have the range of a weight.
 */
export const INT8_REST_PARTS = 2 * INT8_WEIGHT_LIMIT;

/**
 * (x [..,K] · q i8 [K,N]) ∘ scales, [N] or one for all [] → [..,N], or (x · (q + r / 126)) ∘ scales with r i8 [K,N]. An engine may round
 * x to 8 bits, each row with a scale of its own, and multiply whole numbers: processors do that 2 to 14 times as fast as float32.
 * With r it rounds what is left of x once more, and leaves out the product of the two rests alone, 2⁻¹⁴ of the largest (as three
 * products of halves make one of float32: Henry et al. 2019, §II; Ootomo and Yokota 2022, §3).
 */
export const int8ProductOp: Op<null> = defineOp<null>({
  name: "int8Product",
  type: ([x, whole, scales, rest]) => {
    const [k, out] = whole!.shape;
    const isScaled = scales!.shape.length === 0 || scales!.shape.join() === String(out);
    const isWhole = whole!.shape.length === 2 && (!rest || rest.shape.join() === whole!.shape.join());
    if (!isWhole || x!.shape.at(-1) !== k || !isScaled) {
      const found = [
        `x [${x!.shape}]`,
        `q [${whole!.shape}]`,
        `scales [${scales!.shape}]`,
        rest && `r [${rest.shape}]`,
      ];
      const wanted = "x [..,K], q [K,N], scales [N] or [], and r [K,N] or none";
      throw new ShapeError(`int8Product: wants ${wanted} but got ${found.filter(Boolean).join(", ")}`);
    }
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), out!] };
  },
  vjp: (dy, [, whole, scales, rest]) => [
    () => matmul(mul(dy, scales!), joined(whole!, rest), { transB: true }),
    ...[null, null, null].slice(0, rest ? 3 : 2),
  ],
  onnx(emit, [x, whole, scales, rest]) {
    const lastAxis = emit.constant({ dtype: "i64", shape: [1], data: BigInt64Array.of(-1n) });
    const [above, below] = ["ReduceMax", "ReduceMin"].map((type) => emit.node(type, [x!, lastAxis], { keepdims: 1 }));
    const largest = emit.node("Max", [above!, emit.node("Neg", [below!])]);
    const step = emit.node("Max", [emit.node("Mul", [largest, float32(emit, 1 / 127)]), float32(emit, SMALLEST_STEP)]);
    const middle = emit.constant({ dtype: "u8", shape: [], data: Uint8Array.of(128) });
    const one = float32(emit, 1);
    const product = (bytes: string, of: number, weight: string, scales: string) =>
      emit.node("MatMulIntegerToFloat", [bytes, weight, float32(emit, of), scales, middle], {}, "com.microsoft");
    const steps = emit.node("Div", [x!, step]);
    const bytes = emit.node("QuantizeLinear", [steps, one, middle]);
    const coarse = product(bytes, 1, whole!, scales!);
    if (rest === undefined) return emit.node("Mul", [coarse, step]);
    const left = emit.node("Sub", [steps, emit.node("DequantizeLinear", [bytes, one, middle])]);
    const part = 1 / X_REST_PARTS;
    const leftBytes = emit.node("QuantizeLinear", [left, float32(emit, part), middle]);
    const restScales = emit.node("Mul", [scales!, float32(emit, 1 / INT8_REST_PARTS)]);
    const ofWeight = emit.node("Add", [coarse, product(bytes, 1, rest, restScales)]);
    const ofBoth = emit.node("Add", [ofWeight, product(leftBytes, part, whole!, scales!)]);
    return emit.node("Mul", [ofBoth, step]);
  },
  tfjs: (k, [x, whole, scales, rest]) => k.mul(k.matmul(x!, joinedInTfjs(k, whole!, rest), false, false), scales!),
  reference([x, whole, scales, rest]) {
    const [k, out] = whole!.shape as [number, number];
    const rows = x!.data.length / k;
    const data = new Float64Array(rows * out);
    const weight = (at: number) => whole!.data[at]! + (rest ? rest.data[at]! / INT8_REST_PARTS : 0);
    for (let i = 0; i < rows; i++)
      for (let c = 0; c < k; c++)
        for (let j = 0; j < out; j++) data[i * out + j]! += x!.data[i * k + c]! * weight(c * out + j);
    for (let i = 0; i < data.length; i++) data[i]! *= scales!.data[i % scales!.data.length]!;
    return { shape: [...x!.shape.slice(0, -1), out], data };
  },
  scratch: (_attrs, [x, whole, , rest]) =>
    rest ? 6 * sizeOf(x!.shape) + 8 * (sizeOf(x!.shape) / whole!.shape[0]!) * whole!.shape[1]! : 5 * sizeOf(x!.shape), // magnitudes in float32, and bytes; two more products
  flops: ([x], result) => 2 * sizeOf(result.shape) * x!.shape.at(-1)!,
  samples: [
    {
      label: "rows of a batch",
      inputs: [[2, 3, 48], wholeSample([48, 5]), [5]],
      attrs: null,
    },
    {
      label: "one scale for all",
      inputs: [[4, 32], wholeSample([32, 3]), []],
      attrs: null,
    },
    {
      label: "weights with a rest",
      inputs: [[2, 3, 48], wholeSample([48, 5]), [5], wholeSample([48, 5])],
      attrs: null,
    },
  ],
  tolerance: { relative: 2e-2, why: "x may be rounded to 8 bits" },
});

/** What rounding leaves of x has the range of x, −127 to 127, in as many parts of a step. */
const X_REST_PARTS = 2 * 127;

function wholeSample(shape: Shape) {
  return { shape, below: INT8_WEIGHT_LIMIT + 1, dtype: "i8" } as const;
}

/** q + r / 126 in float32. */
function joined(whole: Node, rest: Node | undefined): Node {
  const coarse = cast(whole, "f32");
  return rest ? add(coarse, scale(cast(rest, "f32"), 1 / INT8_REST_PARTS)) : coarse;
}

function joinedInTfjs<X>(k: TfjsKernels<X>, whole: X, rest: X | undefined): X {
  const coarse = k.cast(whole, "f32");
  if (rest === undefined) return coarse;
  const fine = k.cast(rest, "f32");
  return k.add(coarse, k.mul(fine, k.scalar(1 / INT8_REST_PARTS, fine)));
}

/** A row of zeros has a scale too. */
const SMALLEST_STEP = 1e-30;

/** The weight [N,K] in float32 that whole numbers i8 [N,K] with a scale for each row [N] stand for: w = s · q, or s · (q + r / 126). */
export const widenInt8Op: Op<null> = defineOp<null>({
  name: "widenInt8",
  type: ([whole, scales, rest]) => {
    const isWhole = whole!.shape.length === 2 && (!rest || rest.shape.join() === whole!.shape.join());
    if (!isWhole || scales!.shape.join() !== String(whole!.shape[0])) {
      const found = [`q [${whole!.shape}]`, `scales [${scales!.shape}]`, rest && `r [${rest.shape}]`].filter(Boolean);
      throw new ShapeError(`widenInt8: wants q [N,K], scales [N], and r [N,K] or none but got ${found.join(", ")}`);
    }
    return { dtype: "f32", shape: whole!.shape };
  },
  vjp: (_dy, inputs) => inputs.map(() => null),
  onnx(emit, [whole, scales, rest], _attrs, [type]) {
    const columns = emit.node("Reshape", [scales!, int64(emit, [type!.shape[0]!, 1])]);
    const wide = (bytes: string) => emit.node("Cast", [bytes], { to: ONNX_DTYPE.f32 });
    if (rest === undefined) return emit.node("Mul", [wide(whole!), columns]);
    const fine = emit.node("Mul", [wide(rest), float32(emit, 1 / INT8_REST_PARTS)]);
    return emit.node("Mul", [emit.node("Add", [wide(whole!), fine]), columns]);
  },
  tfjs: (k, [whole, scales, rest], _attrs, [type]) =>
    k.mul(joinedInTfjs(k, whole!, rest), k.reshape(scales!, [type!.shape[0]!, 1])),
  reference: ([whole, scales, rest]) => ({
    shape: whole!.shape,
    data: whole!.data.map((q, i) => {
      const fine = rest ? rest.data[i]! / INT8_REST_PARTS : 0;
      return (q + fine) * scales!.data[Math.floor(i / whole!.shape[1]!)]!;
    }),
  }),
  scratch: (_attrs, [whole, , rest]) => (rest ? 8 : 4) * sizeOf(whole!.shape),
  samples: [
    { label: "a scale for each row", inputs: [wholeSample([5, 7]), [5]], attrs: null },
    { label: "with a rest", inputs: [wholeSample([5, 7]), [5], wholeSample([5, 7])], attrs: null },
  ],
  tolerance: { relative: 3e-7, why: "a sum and two products, rounded once each" },
});

/** (x · q) ∘ scales, or (x · (q + r / 126)) ∘ scales; see `int8ProductOp`. */
export const int8Product = (x: Node, whole: Node, scales: Node, rest?: Node): Node =>
  apply(int8ProductOp, [x, whole, scales, ...(rest ? [rest] : [])], null);

/** The weight [N,K] in float32; see `widenInt8Op`. */
export const widenInt8 = (whole: Node, scales: Node, rest?: Node): Node =>
  apply(widenInt8Op, [whole, scales, ...(rest ? [rest] : [])], null);
