import { f32ToF16 } from "../../formats/half.ts";
import type { OnnxEmitter, Type } from "../../graph/node.ts";
import { int64 } from "../../graph/ops/onnx-values.ts";

type Attributes = NonNullable<Parameters<OnnxEmitter["node"]>[2]>;

/** Writes an operator in those of the ONNX standard; `types` are those of the inputs. */
export type PlainForm = (
  emit: OnnxEmitter,
  inputs: readonly string[],
  attributes: Attributes,
  types: readonly Type[],
) => string;

/** Operators of onnxruntime's own, for targets that lack them. */
export const PLAIN_FORMS = { FusedMatMul: plainProduct } as const satisfies Record<string, PlainForm>;

/** α · a · b with either operand read the other way round. */
function plainProduct(
  emit: OnnxEmitter,
  [a, b]: readonly string[],
  attributes: Attributes,
  [left, right]: readonly Type[],
): string {
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  // Gemm reads matrices either way: a weight, which is one for all rows, is then never transposed in memory.
  if (right.shape.length === 2 && (left.shape.length === 2 || !transA)) {
    const lead = left.shape.slice(0, -1);
    const isMatrix = lead.length === 1;
    const rows = isMatrix ? a! : emit.node("Reshape", [a!, int64(emit, [-1, left.shape.at(-1)!])]);
    const product = emit.node("Gemm", [rows, b!], attributes);
    return isMatrix ? product : emit.node("Reshape", [product, emit.sizes([...lead, right.shape.at(transB ? 0 : 1)!])]);
  }
  const { float: alpha } = attributes.alpha as { readonly float: number };
  const product = emit.node("MatMul", [
    transA ? swapLastAxes(emit, a!, left) : a!,
    transB ? swapLastAxes(emit, b!, right) : b!,
  ]);
  return alpha === 1 ? product : emit.node("Mul", [product, scalar(emit, alpha, left.dtype)]);
}

function swapLastAxes(emit: OnnxEmitter, name: string, { shape }: Type): string {
  const rank = shape.length;
  const order = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return emit.node("Transpose", [name], { perm: order });
}

function scalar(emit: OnnxEmitter, value: number, dtype: Type["dtype"]): string {
  const data = Float32Array.of(value);
  return dtype === "f16"
    ? emit.constant({ dtype, shape: [], data: f32ToF16(data) })
    : emit.constant({ dtype: "f32", shape: [], data });
}
