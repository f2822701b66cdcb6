import { sizeOf } from "../../util/tensor.ts";
import { apply, bindShape, defineOp, type Node, type Op, type TfjsKernels, type Type } from "../node.ts";
import { mul, scale, shift, sub } from "./elementwise.ts";
import { mapRows } from "./loops.ts";
import { sum, sumTo } from "./reduce.ts";
import { rsqrt } from "./unary.ts";

interface NormAttrs {
  readonly epsilon: number;
}

const TOLERANCE = { relative: 1e-5, why: "a float32 mean over the row and an inverse square root" } as const;

function normType(where: string): (inputs: readonly Type[]) => Type {
  return ([x, ...weights]) => {
    const width = x!.shape.at(-1)!;
    for (const weight of weights) bindShape(where, { type: weight }, "D", { D: width });
    return x!;
  };
}

function mean(x: Node): Node {
  return scale(sum(x, [-1]), 1 / x.type.shape.at(-1)!);
}

const lastAxis = ({ shape }: Type) => shape.length - 1;

/** 1 / √(mean + ε) of squares over the last axis, in TensorFlow.js. */
function inverseRoot<X>(k: TfjsKernels<X>, squares: X, type: Type, epsilon: number): X {
  return k.rsqrt(k.add(k.mean(squares, lastAxis(type)), k.scalar(epsilon, squares)));
}

/** x ∘ w / √(mean x² + ε) over the last axis (Zhang & Sennrich 2019). Gemma's weight is 1 + its stored one: add it before. */
export const rmsNormOp: Op<NormAttrs> = defineOp<NormAttrs>({
  name: "rmsNorm",
  type: normType("rmsNorm"),
  vjp: (dy, [x, w], { epsilon }) => {
    const inverse = rsqrt(shift(mean(mul(x!, x!)), epsilon)); // [..,1]
    const unit = mul(x!, inverse);
    return [
      () => {
        const g = mul(dy, w!);
        return mul(inverse, sub(g, mul(unit, mean(mul(g, unit)))));
      },
      () => sumTo(mul(dy, unit), w!.type.shape),
    ];
  },
  onnx: (emit, inputs, { epsilon }) =>
    emit.node("SimplifiedLayerNormalization", inputs, { axis: -1, epsilon: { float: epsilon } }),
  tfjs: (k, [x, w], { epsilon }, [type]) => k.mul(k.mul(x!, inverseRoot(k, k.mul(x!, x!), type!, epsilon)), w!),
  reference: ([x, w], { epsilon }) =>
    mapRows(x!, (row, out) => {
      const inverse = 1 / Math.sqrt(row.reduce((t, v) => t + v * v, 0) / row.length + epsilon);
      row.forEach((v, i) => {
        out[i] = v * inverse * w!.data[i]!;
      });
    }),
  flops: ([x]) => 4 * sizeOf(x!.shape),
  samples: [{ label: "tokens", inputs: [[2, 3, 8], [8]], attrs: { epsilon: 1e-6 } }],
  tolerance: TOLERANCE,
});

/** (x − mean) ∘ w / √(var + ε) + b over the last axis (Ba et al. 2016). */
export const layerNormOp: Op<NormAttrs> = defineOp<NormAttrs>({
  name: "layerNorm",
  type: normType("layerNorm"),
  vjp: (dy, [x, w, b], { epsilon }) => {
    const centred = sub(x!, mean(x!));
    const inverse = rsqrt(shift(mean(mul(centred, centred)), epsilon)); // [..,1]
    const unit = mul(centred, inverse);
    return [
      () => {
        const g = mul(dy, w!);
        return mul(inverse, sub(sub(g, mean(g)), mul(unit, mean(mul(g, unit)))));
      },
      () => sumTo(mul(dy, unit), w!.type.shape),
      () => sumTo(dy, b!.type.shape),
    ];
  },
  onnx: (emit, inputs, { epsilon }) =>
    emit.node("LayerNormalization", inputs, { axis: -1, epsilon: { float: epsilon } }),
  tfjs: (k, [x, w, b], { epsilon }, [type]) => {
    const centred = k.sub(x!, k.mean(x!, lastAxis(type!)));
    const unit = k.mul(centred, inverseRoot(k, k.mul(centred, centred), type!, epsilon));
    return k.add(k.mul(unit, w!), b!);
  },
  reference: ([x, w, b], { epsilon }) =>
    mapRows(x!, (row, out) => {
      const centre = row.reduce((t, v) => t + v, 0) / row.length;
      const variance = row.reduce((t, v) => t + (v - centre) ** 2, 0) / row.length;
      row.forEach((v, i) => {
        out[i] = ((v - centre) / Math.sqrt(variance + epsilon)) * w!.data[i]! + b!.data[i]!;
      });
    }),
  flops: ([x]) => 6 * sizeOf(x!.shape),
  samples: [{ label: "patches", inputs: [[2, 3, 8], [8], [8]], attrs: { epsilon: 1e-6 } }],
  tolerance: TOLERANCE,
});

export const rmsNorm = (x: Node, w: Node, epsilon: number): Node => apply(rmsNormOp, [x, w], { epsilon });
export const layerNorm = (x: Node, w: Node, b: Node, epsilon: number): Node =>
  apply(layerNormOp, [x, w, b], { epsilon });
