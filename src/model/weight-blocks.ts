import type { BlockLayout } from "../formats/blockwise.ts";
import type { Node } from "../graph/node.ts";
import { type BlockFormat, blockShapes } from "../graph/ops/block-product.ts";
import { concat, input, slice, widenBlocks, widenInt8 } from "../graph/ops/index.ts";
import { BYTES_PER_ELEMENT, type Shape, sizeOf } from "../util/tensor.ts";
import type { Int8Pieces } from "./config.ts";
import { type Linear, type Parameter, partBounds } from "./layers.ts";

/*
 * A base in few bits: the matrices of linear layers and the table of embeddings are kept in blocks of columns, each with a
 * scale, as onnxruntime's MatMulNBits has them; all else stays as it was. In files and in graphs a weight `W` is then two
 * tensors, `W.packed` and `W.scales`. In memory alone the matrices of linear layers may be in whole numbers, turned round, with a
 * scale for each row, `W.int8` and `W.scales`, and what that leaves of them in whole numbers once more, `W.rest`.
 */

/** By this name `quantization_config` of a config.json says that weights are so. */
export const BLOCKS_METHOD = "amlc-blocks";
export const BLOCK_BITS = [8, 4] as const;
export const BLOCK_SIZES = [32, 64, 128] as const;

/** The table is read as it is and is the output layer too: it keeps 8 bits. */
const TABLE_BITS = 8;

interface WithTable {
  readonly language: { readonly embedding: Parameter };
}

/** Declares that the matrices of linear layers and the table of embeddings of a model are in blocks. */
export function storeInBlocks<T extends WithTable>(tree: T, blocks: BlockLayout): T {
  const { language, ...rest } = changeMatrices(tree, { blocks });
  const embedding = { ...language.embedding, blocks: { ...blocks, bits: TABLE_BITS } as const };
  return { ...rest, language: { ...language, embedding } } as T;
}

/** Declares that the matrices of linear layers of a model are in whole numbers of 8 bits. */
export const keepInInt8 = <T>(tree: T, int8: Int8Pieces): T => changeMatrices(tree, { int8 });

function changeMatrices<T>(tree: T, change: Partial<Parameter>): T {
  const walk = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(walk);
    if ("path" in value) return { ...value, w: { ...(value as Linear<Parameter>).w, ...change } };
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, walk(child)]));
  };
  return walk(tree) as T;
}

/** A tensor of a file. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Bytes of blocks, scales of blocks, or a weight's own numbers. */
  readonly kind: "packed" | "scales" | "numbers";
}

/** A tensor in memory, which is bound to an input of a graph: one of a file, or whole numbers and their scales. */
export type LoadedTensor = StoredTensor | (Omit<StoredTensor, "kind"> & { readonly kind: "int8" });

/** What a weight is in a file: itself, or its blocks. */
export function storedTensors({ name, shape, blocks }: Parameter): StoredTensor[] {
  if (!blocks) return [{ name, shape, kind: "numbers" }];
  const { packed, scales } = blockShapes(formatOf(shape, blocks));
  const names = blockNames(name);
  return [
    { name: names.packed, shape: packed, kind: "packed" },
    { name: names.scales, shape: scales, kind: "scales" },
  ];
}

/** What a weight is in memory: what it is in a file, or its whole numbers. */
export function loadedTensors(parameter: Parameter): LoadedTensor[] {
  if (!parameter.int8) return storedTensors(parameter);
  return int8Parts(parameter).flatMap(({ names, shape: [out, width] }) => {
    const whole = (name: string): LoadedTensor => ({ name, shape: [width, out], kind: "int8" });
    return [
      whole(names.int8),
      { name: names.scales, shape: [out], kind: "scales" },
      ...(parameter.int8 === 2 ? [whole(names.rest)] : []),
    ];
  });
}

const WIDTHS = { packed: 1, int8: 1, scales: 4 } as const;

/** Bytes that weights take in memory; `dtype` is that of those that are not in blocks. */
export function loadedBytes(parameters: readonly Parameter[], dtype: "f32" | "f16"): number {
  const width = (kind: LoadedTensor["kind"]) => (kind === "numbers" ? BYTES_PER_ELEMENT[dtype] : WIDTHS[kind]);
  return parameters.flatMap(loadedTensors).reduce((sum, { kind, shape }) => sum + width(kind) * sizeOf(shape), 0);
}

export const int8Names = (weight: string) => ({
  int8: `${weight}.int8`,
  scales: `${weight}.scales`,
  rest: `${weight}.rest`,
});

/** Rows and columns of a matrix that are in whole numbers together. */
export interface Int8Part {
  readonly names: ReturnType<typeof int8Names>;
  /** The first row and column. */
  readonly from: readonly [number, number];
  /** Rows and columns. */
  readonly shape: readonly [number, number];
}

/** The parts of a matrix in whole numbers, one after the other; mostly there is one. */
export function int8Parts({ name, shape, parts }: Parameter): Int8Part[] {
  const [out, width] = shape as [number, number];
  if (!parts) return [{ names: int8Names(name), from: [0, 0], shape: [out, width] }];
  return partBounds(shape, parts).map(([from, to], i) => {
    const names = int8Names(`${name}.${i}`);
    return parts.axis === 0
      ? { names, from: [from, 0], shape: [to - from, width] }
      : { names, from: [0, from], shape: [out, to - from] };
  });
}

export const blockNames = (weight: string) => ({ packed: `${weight}.packed`, scales: `${weight}.scales` });

function formatOf(shape: Shape, { bits, block }: BlockLayout): BlockFormat {
  const [out, width] = shape as [number, number];
  return { out, in: width, bits, block };
}

/**
 * A weight as a graph reads it: an input of its name, or the matrix that the inputs of its blocks or whole numbers stand for.
 * @param inParts whether one that lies as one matrix is joined of its parts all the same, which its layer then takes one by one
 */
export function readWeight(parameter: Parameter, dtype: "f32" | "f16", inParts = false): Node {
  const { name, shape, blocks, int8, parts } = parameter;
  const axis = parts?.axis ?? 0;
  if (int8) {
    const widened = int8Parts(parameter).map(({ names, shape: [out, width] }) => {
      const whole = (name: string) => input(name, "i8", [width, out]);
      const rest = int8 === 2 ? whole(names.rest) : undefined;
      return widenInt8(whole(names.int8), input(names.scales, "f32", [out]), rest);
    });
    return concat(widened, axis);
  }
  const window = blocks ? readBlocks(name, shape, blocks) : readNumbers(name, shape, dtype);
  const bounds = inParts && parts ? partBounds(shape, parts) : [[0, shape[axis]!] as const];
  return concat(
    bounds.map(([from, to]) => window(axis, from, to)),
    axis,
  );
}

/** Rows (axis 0) or columns (axis 1) of a weight, from one to before another. */
type Window = (axis: 0 | 1, from: number, to: number) => Node;

function readNumbers(name: string, shape: Shape, dtype: "f32" | "f16"): Window {
  const whole = input(name, dtype, shape);
  return (axis, from, to) => slice(whole, axis, from, to);
}

/** Columns are those of whole blocks. */
function readBlocks(weight: string, shape: Shape, layout: BlockLayout): Window {
  const format = formatOf(shape, layout);
  const [shapes, names] = [blockShapes(format), blockNames(weight)];
  const packed = input(names.packed, "u8", shapes.packed);
  const scales = input(names.scales, "f32", shapes.scales);
  return (axis, from, to) => {
    const columns = axis === 0 ? 1 : layout.block;
    const [first, end] = [from / columns, Math.ceil(to / columns)];
    const part = { ...format, ...(axis === 0 ? { out: to - from } : { in: to - from }) };
    return widenBlocks(slice(packed, axis, first, end), slice(scales, axis, first, end), part);
  };
}
