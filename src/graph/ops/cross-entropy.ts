import { sizeOf } from "../../util/tensor.ts";
import { apply, bindShape, defineOp, type Node, type OnnxEmitter, type Op } from "../node.ts";
import { mul, sub } from "./elementwise.ts";
import { oneHot } from "./lookup.ts";
import { mapRows } from "./loops.ts";
import { asColumn, int64 } from "./onnx-values.ts";
import { reshape } from "./reshape.ts";
import { softmax } from "./softmax.ts";

/** −log softmax(logits)[label]: logits [N,V], labels [N] → [N]. */
export const crossEntropyOp: Op<null> = defineOp<null>({
  name: "crossEntropy",
  type: ([logits, labels]) => {
    const { N } = bindShape<"N" | "V">("crossEntropy logits", { type: logits! }, "N V");
    bindShape("crossEntropy labels", { type: labels! }, "N", { N });
    return { dtype: logits!.dtype, shape: [N] };
  },
  // d logits = (softmax − one-hot) · dy
  vjp: (dy, [logits, labels]) => {
    const [n, v] = logits!.type.shape;
    return [() => mul(sub(softmax(logits!), oneHot(labels!, v!)), reshape(dy, [n!, 1])), null];
  },
  onnx: (emit, [logits, labels], _attrs, [logitType, labelType]) => {
    const chosen = emit.node("GatherElements", [logits!, asColumn(emit, labels!, labelType!)], { axis: 1 });
    const normaliser = logSumExp(emit, logits!, logitType!.shape as [number, number]);
    return emit.node("Reshape", [emit.node("Sub", [normaliser, chosen]), int64(emit, labelType!.shape)]);
  },
  tfjs: (k, [logits, labels], _attrs, [{ shape }]) => {
    const [n, v] = shape as [number, number];
    const chosen = k.sum(k.mul(k.oneHot(labels!, v), logits!), [1]); // [N,1]
    const largest = k.max(logits!, 1);
    const sums = k.sum(k.exp(k.sub(logits!, largest)), [1]);
    return k.reshape(k.sub(k.add(k.log(sums), largest), chosen), [n]);
  },
  reference: ([logits, labels]) => {
    const columns = mapRows(
      logits!,
      (row, out, i) => {
        const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
        out[0] = largest + Math.log(row.reduce((t, v) => t + Math.exp(v - largest), 0)) - row[labels!.data[i]!]!;
      },
      1,
    );
    return { shape: labels!.shape, data: columns.data };
  },
  flops: ([logits]) => 4 * sizeOf(logits!.shape),
  samples: [
    { label: "tokens over a vocabulary", inputs: [[4, 9], { shape: [4], below: 9 }], attrs: null },
    { label: "tokens over a large one", inputs: [[2, 8300], { shape: [2], below: 8300 }], attrs: null },
  ],
  tolerance: { relative: 1e-5, why: "float32 log-sum-exp over the vocabulary" },
});

/** Columns that are summed one by one where there are many. */
const SUMMED = 512;
const MANY = 8192;

/**
 * log Σ exp of rows [N,V] → [N,1]. onnxruntime adds a row up number by number in float32: over Gemma's 257,216 columns it is off
 * by 5e-5. The sums of a row's parts are added up instead; what is left of a row is a part of its own.
 */
function logSumExp(emit: OnnxEmitter, logits: string, [n, v]: readonly [number, number]): string {
  const reduce = (x: string, axis: number) =>
    emit.node("ReduceLogSumExp", [x, int64(emit, [axis])], { keepdims: axis === 1 ? 1 : 0 });
  if (v < MANY) return reduce(logits, 1);
  const parts = Math.floor(v / SUMMED);
  const columns = (from: number, to: number) =>
    emit.node("Slice", [logits, int64(emit, [from]), int64(emit, [to]), int64(emit, [1])]);
  const whole = parts * SUMMED;
  const stacked = emit.node("Reshape", [columns(0, whole), int64(emit, [n, parts, SUMMED])]);
  const sums = [reduce(stacked, 2), ...(whole < v ? [reduce(columns(whole, v), 1)] : [])];
  return reduce(sums.length > 1 ? emit.node("Concat", sums, { axis: 1 }) : sums[0]!, 1);
}

export const crossEntropy = (logits: Node, labels: Node): Node => apply(crossEntropyOp, [logits, labels], null);
