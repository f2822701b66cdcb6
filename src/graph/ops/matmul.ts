import { type Shape, sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Float64Tensor, type Node, type Op, ShapeError } from "../node.ts";
import { ANY_ORDER, broadcastIndex, broadcastShapes } from "./loops.ts";
import { sumTo } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export interface MatmulAttrs {
  /** Read the last two axes of an operand the other way round. */
  readonly transA: boolean;
  readonly transB: boolean;
  /** A factor on the result; engines apply it inside the product for nothing. */
  readonly alpha: number;
}

/** Rows and columns of an operand as the product reads it. */
function matrix(shape: Shape, transposed: boolean): readonly [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

/** α · a [..,M,K] · b [..,K,N] → [..,M,N]; leading axes broadcast. */
export const matmulOp: Op<MatmulAttrs> = defineOp<MatmulAttrs>({
  name: "matmul",
  type([a, b], { transA, transB }) {
    if (a!.shape.length < 2 || b!.shape.length < 2)
      throw new ShapeError(`matmul: wants matrices but got [${a!.shape}] · [${b!.shape}]`);
    if (a!.dtype !== b!.dtype)
      throw new ShapeError(`matmul: wants operands of one type but got ${a!.dtype} · ${b!.dtype}`);
    const [m, k] = matrix(a!.shape, transA);
    const [k2, n] = matrix(b!.shape, transB);
    const flags = `${transA ? ", a transposed" : ""}${transB ? ", b transposed" : ""}`;
    if (k !== k2)
      throw new ShapeError(
        `matmul: inner axes differ, [${a!.shape}] · [${b!.shape}]${flags} wants K=${k} but got ${k2}`,
      );
    return {
      dtype: a!.dtype,
      shape: [...broadcastShapes("matmul", a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m, n],
    };
  },
  // With LoRA b is frozen almost everywhere: its thunk is never called, so dB is never built.
  vjp: (dy, [a, b], { transA, transB, alpha }) => [
    () => {
      const da = transA
        ? matmul(b!, dy, { transA: transB, transB: true, alpha })
        : matmul(dy, b!, { transB: !transB, alpha });
      return sumTo(da, a!.type.shape);
    },
    () => {
      // One product over all rows instead of one a batch entry and a sum: K grows, the reduction is inside the GEMM.
      const shared = b!.type.shape.length === 2 && !transA;
      const [x, g] = shared ? [flattenRows(a!), flattenRows(dy)] : [a!, dy];
      const db = transB
        ? matmul(g, x, { transA: true, transB: transA, alpha })
        : matmul(x, g, { transA: !transA, alpha });
      return sumTo(db, b!.type.shape);
    },
  ],
  onnx: (emit, inputs, { transA, transB, alpha }) =>
    transA || transB || alpha !== 1
      ? emit.node("FusedMatMul", inputs, { transA: +transA, transB: +transB, alpha: { float: alpha } }, "com.microsoft")
      : emit.node("MatMul", inputs),
  tfjs(k, [a, b], { transA, transB, alpha }, [typeA, typeB]) {
    if (alpha === 1) return k.matmul(a!, b!, transA, transB);
    // The factor goes to the smaller operand: it is read once more.
    const factor = k.scalar(alpha, a!);
    return sizeOf(typeA!.shape) < sizeOf(typeB!.shape)
      ? k.matmul(k.mul(a!, factor), b!, transA, transB)
      : k.matmul(a!, k.mul(b!, factor), transA, transB);
  },
  reference: ([a, b], { transA, transB, alpha }) => multiply(a!, b!, transA, transB, alpha),
  flops: ([a], result, { transA }) => 2 * sizeOf(result.shape) * matrix(a!.shape, transA)[1],
  samples: [
    {
      label: "plain",
      inputs: [
        [2, 3],
        [3, 4],
      ],
      attrs: { transA: false, transB: false, alpha: 1 },
    },
    {
      label: "weights as Hugging Face stores them",
      inputs: [
        [2, 5, 3],
        [4, 3],
      ],
      attrs: { transA: false, transB: true, alpha: 0.5 },
    },
    {
      label: "attention with one key head",
      inputs: [
        [2, 6, 4],
        [2, 3, 4],
      ],
      attrs: { transA: false, transB: true, alpha: 0.25 },
    },
    {
      label: "a transposed",
      inputs: [
        [2, 3, 5],
        [2, 3, 4],
      ],
      attrs: { transA: true, transB: false, alpha: 1 },
    },
    {
      label: "both transposed",
      inputs: [
        [3, 5],
        [4, 3],
      ],
      attrs: { transA: true, transB: true, alpha: 2 },
    },
    {
      label: "leading axes broadcast",
      inputs: [
        [2, 1, 3, 4],
        [5, 4, 2],
      ],
      attrs: { transA: false, transB: false, alpha: 1 },
    },
  ],
  tolerance: ANY_ORDER,
});

function multiply(a: Float64Tensor, b: Float64Tensor, transA: boolean, transB: boolean, alpha: number): Float64Tensor {
  const [m, k] = matrix(a.shape, transA);
  const [, n] = matrix(b.shape, transB);
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const lead = broadcastShapes("matmul", leadA, leadB);
  const [ia, ib] = [broadcastIndex(leadA, lead), broadcastIndex(leadB, lead)];
  const [stepAm, stepAk] = transA ? [1, m] : [k, 1];
  const [stepBk, stepBn] = transB ? [1, k] : [n, 1];
  const data = new Float64Array(sizeOf(lead) * m * n);
  for (let g = 0; g < ia.length; g++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        const [atA, atB] = [ia[g]! * m * k + i * stepAm, ib[g]! * k * n + j * stepBn];
        for (let l = 0; l < k; l++) sum += a.data[atA + l * stepAk]! * b.data[atB + l * stepBk]!;
        data[(g * m + i) * n + j] = alpha * sum;
      }
    }
  }
  return { shape: [...lead, m, n], data };
}

/** [..,M,K] → [(..·M),K]. */
function flattenRows(x: Node): Node {
  const columns = x.type.shape.at(-1)!;
  return reshape(x, [sizeOf(x.type.shape) / columns, columns]);
}

/** α · a · b; see `matmulOp`. */
export function matmul(
  a: Node,
  b: Node,
  { transA = false, transB = false, alpha = 1 }: Partial<MatmulAttrs> = {},
): Node {
  return apply(matmulOp, [a, b], { transA, transB, alpha });
}
