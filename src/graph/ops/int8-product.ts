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
 * What rounding leaves of a number, −½ to ½ of a step, is kept in whole numbers too where precision asks for it, in as many parts of
 * a step: they have the range of a weight.
 */
export const INT8_REST_PARTS = 2 * INT8_WEIGHT_LIMIT;

/**
 * (x [..,K] · q i8 [K,N]) ∘ scales, [N] or one for all [] → [..,N]. An engine may round x to 8 bits, each row with a scale of its own,
 * and multiply whole numbers: processors do that 2 to 14 times as fast as float32.
 *
 * With r i8 [K,N] it is (x · (q + r / 126)) ∘ scales. What is left of x is then rounded once more, x = t (u + v / 254), and x · w / t is
 * u · q + u · r / 126 + v · q / 254: v · r is left out, 2⁻¹⁴ of the largest (as three products of halves make one of float32: Henry
 * et al. 2019, §II; Ootomo and Yokota 2022, §3).
 */
export const int8ProductOp: Op<null> = defineOp<null>({
  name: "int8Product",
  type: ([x, whole, scales, rest]) => {
    const [k, out] = whole!.shape;
    const isScaled = scales!.shape.length === 0 || scales!.shape.join() === String(out);
    if (!areWhole(whole!, rest) || x!.shape.at(-1) !== k || !isScaled) {
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
    const [above, below] = ["ReduceMax", "ReduceMin"].map((type) =>
      emit.node(type, [x!, int64(emit, [-1])], { keepdims: 1 }),
    );
    const largest = emit.node("Max", [above!, emit.node("Neg", [below!])]);
    const step = emit.node("Max", [emit.node("Mul", [largest, float32(emit, 1 / 127)]), float32(emit, SMALLEST_STEP)]);
    const middle = emit.constant({ dtype: "u8", shape: [], data: Uint8Array.of(MIDDLE) });
    const [one, part] = [float32(emit, 1), float32(emit, 1 / X_REST_PARTS)];
    const product = (bytes: string, unit: string, weight: string, scales: string) =>
      emit.node("MatMulIntegerToFloat", [bytes, weight, unit, scales, middle], {}, "com.microsoft");
    const steps = emit.node("Div", [x!, step]); // a scale for each row in QuantizeLinear is slower (measured)
    const bytes = emit.node("QuantizeLinear", [steps, one, middle]);
    let sum = product(bytes, one, whole!, scales!);
    if (rest !== undefined) {
      const restScales = emit.node("Mul", [scales!, float32(emit, 1 / INT8_REST_PARTS)]);
      const left = emit.node("Sub", [steps, emit.node("DequantizeLinear", [bytes, one, middle])]);
      const leftBytes = emit.node("QuantizeLinear", [left, part, middle]);
      sum = emit.node("Add", [sum, product(bytes, one, rest, restScales)]);
      sum = emit.node("Add", [sum, product(leftBytes, part, whole!, scales!)]);
    }
    return emit.node("Mul", [sum, step]);
  },
  tfjs: (k, [x, whole, scales, rest]) => k.mul(k.matmul(x!, joinedInTfjs(k, whole!, rest), false, false), scales!),
  reference([x, whole, scales, rest]) {
    const [k, out] = whole!.shape as [number, number];
    const rows = x!.data.length / k;
    const data = new Float64Array(rows * out);
    const weights = joinedNumbers(whole!, rest);
    for (let i = 0; i < rows; i++)
      for (let c = 0; c < k; c++)
        for (let j = 0; j < out; j++) data[i * out + j]! += x!.data[i * k + c]! * weights[c * out + j]!;
    for (let i = 0; i < data.length; i++) data[i]! *= scales!.data[i % scales!.data.length]!;
    return { shape: [...x!.shape.slice(0, -1), out], data };
  },
  scratch(_attrs, [x, whole, , rest]) {
    const [size, out] = [sizeOf(x!.shape), (sizeOf(x!.shape) / whole!.shape[0]!) * whole!.shape[1]!];
    return rest ? Math.max(10 * size, 2 * size + 8 * out) : 5 * size; // x in steps and bytes, what is left; two more products
  },
  flops: ([x], result) => 2 * sizeOf(result.shape) * x!.shape.at(-1)!,
  samples: [
    { label: "rows of a batch", inputs: [[2, 3, 48], wholeNumbers([48, 5]), [5]], attrs: null },
    { label: "one scale for all", inputs: [[4, 32], wholeNumbers([32, 3]), []], attrs: null },
    {
      label: "two for each number",
      inputs: [[2, 3, 48], wholeNumbers([48, 5]), [5], wholeNumbers([48, 5])],
      attrs: null,
    },
  ],
  tolerance: { relative: 2e-2, why: "x may be rounded to 8 bits" },
});

/** What rounding leaves of x has the range of x, −127 to 127, in as many parts of a step. */
const X_REST_PARTS = 2 * 127;
/** The byte that stands for 0. */
const MIDDLE = 128;
/** A row of zeros has a scale too. */
const SMALLEST_STEP = 1e-30;

function wholeNumbers(shape: Shape) {
  return { shape, below: INT8_WEIGHT_LIMIT + 1, dtype: "i8" } as const;
}

const areWhole = (whole: Type, rest: Type | undefined): boolean =>
  whole.shape.length === 2 && (!rest || rest.shape.join() === whole.shape.join());

/** q + r / 126 in float32. */
function joined(whole: Node, rest: Node | undefined): Node {
  const coarse = cast(whole, "f32");
  if (!rest) return coarse;
  return add(coarse, scale(cast(rest, "f32"), 1 / INT8_REST_PARTS));
}

function joinedInTfjs<X>(k: TfjsKernels<X>, whole: X, rest: X | undefined): X {
  const coarse = k.cast(whole, "f32");
  if (rest === undefined) return coarse;
  const fine = k.cast(rest, "f32");
  return k.add(coarse, k.mul(fine, k.scalar(1 / INT8_REST_PARTS, fine)));
}

const joinedNumbers = (whole: Float64Tensor, rest: Float64Tensor | undefined): Float64Array =>
  rest ? whole.data.map((q, i) => q + rest.data[i]! / INT8_REST_PARTS) : whole.data;

/**
 * The weight [N,K] in float32 that whole numbers i8 [K,N] with a scale for each column [N] stand for: wᵀ = q ∘ s; with r i8 [K,N] it
 * is wᵀ = (q + r / 126) ∘ s. They lie as x · wᵀ reads them.
 */
export const widenInt8Op: Op<null> = defineOp<null>({
  name: "widenInt8",
  type: ([whole, scales, rest]) => {
    if (!areWhole(whole!, rest) || scales!.shape.join() !== String(whole!.shape[1])) {
      const found = [`q [${whole!.shape}]`, `scales [${scales!.shape}]`, rest && `r [${rest.shape}]`].filter(Boolean);
      throw new ShapeError(`widenInt8: wants q [K,N], scales [N], and r [K,N] or none but got ${found.join(", ")}`);
    }
    return { dtype: "f32", shape: whole!.shape.toReversed() };
  },
  vjp: (_dy, inputs) => inputs.map(() => null),
  onnx(emit, [whole, scales, rest]) {
    const wide = (bytes: string) => emit.node("Cast", [bytes], { to: ONNX_DTYPE.f32 });
    let numbers = wide(whole!);
    if (rest !== undefined)
      numbers = emit.node("Add", [numbers, emit.node("Mul", [wide(rest), float32(emit, 1 / INT8_REST_PARTS)])]);
    return emit.node("Transpose", [emit.node("Mul", [numbers, scales!])], { perm: [1, 0] });
  },
  tfjs: (k, [whole, scales, rest]) => k.transpose(k.mul(joinedInTfjs(k, whole!, rest), scales!), [1, 0]),
  reference([whole, scales, rest]) {
    const [k, out] = whole!.shape as [number, number];
    const numbers = joinedNumbers(whole!, rest);
    const data = new Float64Array(numbers.length);
    for (let i = 0; i < numbers.length; i++)
      data[(i % out) * k + Math.floor(i / out)] = numbers[i]! * scales!.data[i % out]!;
    return { shape: [out, k], data };
  },
  scratch: (_attrs, [whole, , rest]) => (rest ? 9 : 4) * sizeOf(whole!.shape),
  samples: [
    { label: "a scale for each column", inputs: [wholeNumbers([7, 5]), [5]], attrs: null },
    {
      label: "two for each number",
      inputs: [wholeNumbers([7, 5]), [5], wholeNumbers([7, 5])],
      attrs: null,
    },
  ],
  tolerance: { relative: 3e-7, why: "a sum and two products, rounded once each" },
});

/** (x · q) ∘ scales, or (x · (q + r / 126)) ∘ scales; see `int8ProductOp`. */
export const int8Product = (x: Node, whole: Node, scales: Node, rest?: Node): Node =>
  apply(int8ProductOp, [x, whole, scales, ...(rest ? [rest] : [])], null);

/** The weight [N,K] in float32; see `widenInt8Op`. */
export const widenInt8 = (whole: Node, scales: Node, rest?: Node): Node =>
  apply(widenInt8Op, [whole, scales, ...(rest ? [rest] : [])], null);
