import { sizeOf } from "../../util/tensor.ts";
import { apply, defineOp, type Node, type Op, ShapeError, type Type } from "../node.ts";
import { EXACT, positiveAxis, strides, walk } from "./loops.ts";
import { int64 } from "./onnx-values.ts";

export interface SliceAttrs {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}
interface PadAttrs {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

function resized({ dtype, shape }: Type, axis: number, size: number): Type {
  return { dtype, shape: shape.with(axis, size) };
}

/** Elements `start` ≤ i < `end` along one axis. */
export const sliceOp: Op<SliceAttrs> = defineOp<SliceAttrs>({
  name: "slice",
  type: ([x], { axis, start, end }) => {
    const size = x!.shape[axis];
    if (size === undefined || start < 0 || end > size || start > end) {
      throw new ShapeError(`slice: ${start}:${end} is not within axis ${axis} of [${x!.shape}]`);
    }
    return resized(x!, axis, end - start);
  },
  vjp: (dy, [x], { axis, start, end }) => [() => pad(dy, axis, start, x!.type.shape[axis]! - end)],
  onnx: (emit, [x], { axis, start, end }) =>
    emit.node("Slice", [x!, emit.sizes([start]), emit.sizes([end]), int64(emit, [axis])]),
  tfjs: (k, [x], { axis, start, end }, [{ shape }]) =>
    k.slice(
      x!,
      shape.map((_, a) => (a === axis ? start : 0)),
      shape.with(axis, end - start),
    ),
  reference: ([x], { axis, start, end }) => {
    const shape = x!.shape.with(axis, end - start);
    const step = strides(x!.shape);
    const offset = start * step[axis]!;
    return {
      shape,
      data: Float64Array.from(
        walk(shape, (a) => step[a]!),
        (at) => x!.data[offset + at]!,
      ),
    };
  },
  flops: () => 0,
  samples: [
    { label: "the middle of an axis", inputs: [[2, 5, 3]], attrs: { axis: 1, start: 1, end: 4 } },
    { label: "the end of the last axis", inputs: [[2, 5]], attrs: { axis: 1, start: 3, end: 5 } },
  ],
  tolerance: EXACT,
});

/** Zeros before and after one axis. */
export const padOp: Op<PadAttrs> = defineOp<PadAttrs>({
  name: "pad",
  type: ([x], { axis, before, after }) => {
    if (x!.shape[axis] === undefined || before < 0 || after < 0)
      throw new ShapeError(`pad: cannot pad axis ${axis} of [${x!.shape}] by ${before}, ${after}`);
    return resized(x!, axis, x!.shape[axis]! + before + after);
  },
  vjp: (dy, [x], { axis, before }) => [() => slice(dy, axis, before, before + x!.type.shape[axis]!)],
  onnx: (emit, [x], { axis, before, after }, [type]) => {
    const rank = type!.shape.length;
    const pads = Array.from({ length: 2 * rank }, (_, i) => (i === axis ? before : i === axis + rank ? after : 0));
    return emit.node("Pad", [x!, int64(emit, pads)]);
  },
  tfjs: (k, [x], { axis, before, after }, [{ shape }]) =>
    k.pad(
      x!,
      shape.map((_, a) => (a === axis ? [before, after] : [0, 0])),
    ),
  reference: ([x], { axis, before, after }) => {
    const shape = x!.shape.with(axis, x!.shape[axis]! + before + after);
    const data = new Float64Array(sizeOf(shape));
    const step = strides(shape);
    walk(x!.shape, (a) => step[a]!).forEach((at, i) => {
      data[at + before * step[axis]!] = x!.data[i]!;
    });
    return { shape, data };
  },
  flops: () => 0,
  samples: [{ label: "both sides", inputs: [[2, 3, 4]], attrs: { axis: 1, before: 2, after: 1 } }],
  tolerance: EXACT,
});

/** Joins values along one axis. */
export const concatOp: Op<{ readonly axis: number }> = defineOp<{ readonly axis: number }>({
  name: "concat",
  type: (inputs, { axis }) => {
    const [first] = inputs;
    for (const { shape } of inputs) {
      const disagrees =
        shape.length !== first!.shape.length || shape.some((d, a) => a !== axis && d !== first!.shape[a]);
      if (disagrees) throw new ShapeError(`concat: [${first!.shape}] and [${shape}] differ off axis ${axis}`);
    }
    const size = inputs.reduce((n, { shape }) => n + shape[axis]!, 0);
    return resized(first!, axis, size);
  },
  vjp: (dy, inputs, { axis }) => {
    let end = 0;
    return inputs.map((input) => {
      const start = end;
      end += input.type.shape[axis]!;
      const stop = end;
      return () => slice(dy, axis, start, stop);
    });
  },
  onnx: (emit, inputs, { axis }) => emit.node("Concat", inputs, { axis }),
  tfjs: (k, inputs, { axis }) => k.concat(inputs, axis),
  reference: (inputs, { axis }) => {
    const shape = inputs[0]!.shape.with(
      axis,
      inputs.reduce((n, x) => n + x.shape[axis]!, 0),
    );
    const data = new Float64Array(sizeOf(shape));
    const step = strides(shape);
    let start = 0;
    for (const x of inputs) {
      walk(x.shape, (a) => step[a]!).forEach((at, i) => {
        data[start + at] = x.data[i]!;
      });
      start += x.shape[axis]! * step[axis]!;
    }
    return { shape, data };
  },
  flops: () => 0,
  samples: [
    {
      label: "two along the middle axis",
      inputs: [
        [2, 3, 4],
        [2, 1, 4],
      ],
      attrs: { axis: 1 },
    },
    { label: "three vectors", inputs: [[2], [3], [1]], attrs: { axis: 0 } },
  ],
  tolerance: EXACT,
});

export function slice(x: Node, axis: number, start: number, end: number): Node {
  const at = positiveAxis("slice", axis, x.type.shape);
  return start === 0 && end === x.type.shape[at] ? x : apply(sliceOp, [x], { axis: at, start, end });
}

export function pad(x: Node, axis: number, before: number, after: number): Node {
  return before === 0 && after === 0
    ? x
    : apply(padOp, [x], { axis: positiveAxis("pad", axis, x.type.shape), before, after });
}

export function concat(inputs: readonly Node[], axis: number): Node {
  return inputs.length === 1
    ? inputs[0]!
    : apply(concatOp, inputs, { axis: positiveAxis("concat", axis, inputs[0]!.type.shape) });
}

/**
 * a + b where each is a piece of one axis with zeros around it, and the pieces stand side by side: both pieces with zeros around them.
 * undefined where they are no such values.
 */
export function joinPads(a: Node, b: Node): Node | undefined {
  if (a.op !== padOp || b.op !== padOp) return undefined;
  const attrs = (node: Node) => node.attrs as PadAttrs;
  const { axis } = attrs(a);
  const [first, second] = attrs(a).before < attrs(b).before ? [a, b] : [b, a];
  const { before, after } = attrs(first);
  const isBeside = axis === attrs(b).axis && first.type.shape[axis]! - after === attrs(second).before;
  if (!isBeside) return undefined;
  const pieces = [first, second].flatMap(({ inputs: [piece] }) => joinedAlong(piece!, axis));
  return pad(concat(pieces, axis), axis, before, attrs(second).after);
}

/** What a value is joined of along an axis: itself alone where it is not. */
export function joinedAlong(node: Node, axis: number): readonly Node[] {
  const isJoined = node.op === concatOp && (node.attrs as { readonly axis: number }).axis === axis;
  return isJoined ? node.inputs : [node];
}
