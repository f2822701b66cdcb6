import type { OnnxEmitter } from "../../graph/node.ts";
import { int64 } from "../../graph/ops/onnx-values.ts";
import type { InputAttrs } from "../../graph/ops/source.ts";

/**
 * A size that only a run knows. Graphs have numbers for sizes, so that shapes are checked when they are built; an open size
 * stands in one as a number that nothing else is a multiple of, and is found again in every size that was computed from it.
 */
export interface OpenSize {
  /** What stands for it in the graph. */
  readonly size: number;
  /** How the axis is called in the model. */
  readonly name: string;
  /** An input that says it, where the graph itself has no use for that. */
  readonly reads?: InputAttrs;
  /** Writes what gives it at run time: an int64 vector of one number. `sizeOf` writes another open size. */
  readonly from: (emit: OnnxEmitter, sizeOf: (size: number) => string) => string;
}

/** The size of an input's axis. */
export const sizeOfAxis =
  (input: string, axis: number): OpenSize["from"] =>
  (emit) =>
    emit.node("Gather", [emit.node("Shape", [input]), int64(emit, [axis])]);

/** An int64 vector of `values`, each a plain number or a product of open sizes and a plain number. */
export function writeSizes(emit: OnnxEmitter, values: readonly number[], openSizes: readonly OpenSize[]): string {
  const factored = values.map((value) => factor(value, openSizes));
  if (factored.every(({ open }) => open.length === 0)) return int64(emit, values);
  const sizeOf = (size: number): string => {
    const open = openSizes.find((candidate) => candidate.size === size)!;
    return open.from(emit, sizeOf);
  };
  const parts = factored.map(({ open, rest }) => {
    const factors = open.map(({ size }) => sizeOf(size));
    if (rest !== 1 || factors.length === 0) factors.push(int64(emit, [rest]));
    return factors.reduce((product, next) => emit.node("Mul", [product, next]));
  });
  return parts.length === 1 ? parts[0]! : emit.node("Concat", parts, { axis: 0 });
}

/** A size as a model's axis has it: a number, or for an open one its name, as `batch_size` or `2*batch_size`. */
export function axisOf(value: number, openSizes: readonly OpenSize[]): number | string {
  const { open, rest } = factor(value, openSizes);
  if (open.length === 0) return value;
  const names = open.map(({ name }) => name);
  return (rest === 1 ? names : [String(rest), ...names]).join("*");
}

function factor(value: number, openSizes: readonly OpenSize[]): { open: readonly OpenSize[]; rest: number } {
  const open: OpenSize[] = [];
  let rest = value;
  for (const candidate of openSizes) {
    while (rest !== 0 && rest % candidate.size === 0) {
      open.push(candidate);
      rest /= candidate.size;
    }
  }
  return { open, rest };
}
