import { quantizeBlocks } from "../formats/blockwise.ts";
import { f32ToF16 } from "../formats/half.ts";
import { roundRows, roundTurned } from "../formats/rounded-rows.ts";
import { type Graph, rewrite } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import {
  blockProduct,
  cast,
  embedding,
  INT8_REST_PARTS,
  INT8_WEIGHT_LIMIT,
  input,
  int8Product,
  matmul,
  mul,
  shift,
} from "../graph/ops/index.ts";
import { embeddingOp } from "../graph/ops/lookup.ts";
import { type MatmulAttrs, matmulOp } from "../graph/ops/matmul.ts";
import { type InputAttrs, inputOp } from "../graph/ops/source.ts";
import type { OnnxDtype } from "../model/onnx-layout.ts";
import { int8Names } from "../model/weight-blocks.ts";
import { allocate, type Shape, type Tensor, tensor } from "../util/tensor.ts";
import { eachTile } from "../util/tiles.ts";

const BLOCK = 32;
const BITS = { q8: 8, q4: 4 } as const;

/** What a graph reads in place of a weight. */
export interface StoredWeight {
  /** The weight, by its name in the checkpoint. */
  readonly weight: string;
  /** From the weight in float32, by graph input. */
  readonly make: (weight: Tensor<"f32">) => Readonly<Record<string, Tensor>>;
}

/** A graph whose weights are kept in another form, and how to make them. */
export interface StoredGraph {
  readonly graph: Graph;
  readonly weights: readonly StoredWeight[];
}

/**
 * Replaces the weights of a graph by what is stored of them. Matrices of products are turned round, with whole numbers or not, or
 * in blocks of 8 or 4 bits; tables of embeddings are halves, or rows of 8 bits; other matrices are halves unless all is float32; vectors stay.
 */
export function storeWeights(graph: Graph, dtype: OnnxDtype, isWeight: (name: string) => boolean): StoredGraph {
  const weights = new Map<string, StoredWeight>();
  const weightAt = (x: Node | undefined): Weight | undefined => {
    if (x?.op !== inputOp) return undefined;
    const { name, shape } = x.attrs as InputAttrs;
    return isWeight(name) ? { name, shape } : undefined;
  };
  const use = (weight: Weight, { node, make }: Stored): Node => {
    weights.set(`${weight.name} ${node.op.name}`, { weight: weight.name, make });
    return node;
  };
  const plain = (x: Node): Node => {
    const weight = weightAt(x);
    return weight ? use(weight, storePlain(weight, dtype)) : x;
  };
  // A weight stays what it is until its readers come: each says in which form it takes it.
  const stored = rewrite(graph, (node) => {
    const [first, second] = node.inputs;
    const [table, matrix] = [weightAt(first), weightAt(second)];
    if (matrix && isWeightProduct(node)) return use(matrix, storeMatrix(matrix, dtype, plain(first!)));
    if (table && node.op === embeddingOp) return use(table, storeTable(table, dtype, plain(second!)));
    return node.inputs.some(weightAt) ? { ...node, inputs: node.inputs.map(plain) } : node;
  });
  return { graph: stored, weights: [...weights.values()] };
}

interface Weight {
  readonly name: string;
  readonly shape: Shape;
}

/** What takes the place of a node that reads a weight. */
interface Stored {
  readonly node: Node;
  readonly make: StoredWeight["make"];
}

/** x · Wᵀ. */
function isWeightProduct({ op, attrs }: Node): boolean {
  if (op !== matmulOp) return false;
  const { transA, transB, alpha } = attrs as MatmulAttrs;
  return transB && !transA && alpha === 1;
}

function storeMatrix({ name, shape }: Weight, dtype: OnnxDtype, x: Node): Stored {
  const [out, width] = shape as [number, number];
  if (dtype === "fp32" || dtype === "fp16") {
    const turned = `${name}.transposed`;
    const type = dtype === "fp32" ? "f32" : "f16";
    return {
      node: matmul(x, cast(input(turned, type, [width, out]), "f32")),
      make: (weight) => ({ [turned]: inType(transpose(weight), type) }),
    };
  }
  if (dtype === "int8" || dtype === "int8x2") {
    const names = int8Names(name);
    const whole = (part: string) => input(part, "i8", [width, out]);
    const rest = dtype === "int8x2" ? whole(names.rest) : undefined;
    return {
      node: int8Product(x, whole(names.int8), input(names.scales, "f32", [out]), rest),
      make: (weight) => {
        const found = roundTurned(weight, INT8_WEIGHT_LIMIT, rest && INT8_REST_PARTS);
        const made = { [names.int8]: found.rounded, [names.scales]: found.scales };
        return found.rest ? { ...made, [names.rest]: found.rest } : made;
      },
    };
  }
  const bits = BITS[dtype];
  const blocks = Math.ceil(width / BLOCK);
  const [packed, scales] = [`${name}.packed`, `${name}.scales`];
  return {
    node: blockProduct(x, input(packed, "u8", [out, blocks, (BLOCK * bits) / 8]), input(scales, "f32", [out, blocks]), {
      out,
      in: width,
      bits,
      block: BLOCK,
      rounded: true,
    }),
    make: (weight) => {
      const found = quantizeBlocks(weight, { bits, block: BLOCK });
      return {
        [packed]: tensor("u8", [out, blocks, (BLOCK * bits) / 8], found.packed),
        [scales]: tensor("f32", [out, blocks], found.scales),
      };
    },
  };
}

/** Rows of 8 bits have a scale each: w = s · (q − 128). */
function storeTable({ name, shape }: Weight, dtype: OnnxDtype, ids: Node): Stored {
  if (dtype === "fp32" || dtype === "fp16" || dtype === "int8x2") {
    const type = dtype === "fp32" ? "f32" : "f16";
    return {
      node: cast(embedding(input(name, type, shape), ids), "f32"),
      make: (weight) => ({ [name]: inType(weight, type) }),
    };
  }
  const rows = shape[0]!;
  const [bytes, scales] = [`${name}.rows`, `${name}.scales`];
  return {
    node: mul(
      shift(cast(embedding(input(bytes, "u8", shape), ids), "f32"), -128),
      embedding(input(scales, "f32", [rows, 1]), ids),
    ),
    make: (weight) => {
      const found = roundRows(weight, 127);
      const unsigned = Uint8Array.from(found.rounded.data, (q) => q + 128);
      return { [bytes]: tensor("u8", shape, unsigned), [scales]: tensor("f32", [rows, 1], found.scales.data) };
    },
  };
}

function storePlain({ name, shape }: Weight, dtype: OnnxDtype): Stored {
  const type = dtype === "fp32" || shape.length === 1 ? "f32" : "f16";
  return { node: cast(input(name, type, shape), "f32"), make: (weight) => ({ [name]: inType(weight, type) }) };
}

function inType({ shape, data }: Tensor<"f32">, type: "f32" | "f16"): Tensor {
  return type === "f32" ? tensor("f32", shape, data) : tensor("f16", shape, f32ToF16(data));
}

function transpose({ shape, data }: Tensor<"f32">): Tensor<"f32"> {
  const [rows, columns] = shape as [number, number];
  const turned = allocate("f32", data.length);
  eachTile(rows, columns, (top, bottom, left, right) => {
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) turned[column * rows + row] = data[row * columns + column]!;
  });
  return tensor("f32", [columns, rows], turned);
}
