import { random } from "../util/random.ts";
import { type DType, type Shape, sizeOf, type Tensor, tensor } from "../util/tensor.ts";
import { apply, type Float64Tensor, type Node, type Op, type Sample, type SampleInput } from "./node.ts";
import { input } from "./ops/index.ts";

/** An input of a sample, drawn. */
export interface DrawnInput {
  readonly name: string;
  readonly dtype: DType;
  readonly value: Float64Tensor;
}

function describeInput(spec: SampleInput): { shape: Shape; positive: boolean; below: number | null; dtype: DType } {
  if (!("shape" in spec)) return { shape: spec, positive: false, below: null, dtype: "f32" };
  if ("positive" in spec) return { shape: spec.shape, positive: true, below: null, dtype: "f32" };
  return { shape: spec.shape, positive: false, below: spec.below, dtype: spec.dtype ?? "i32" };
}

/** Numbers for a sample's inputs, rounded to float32 so that every engine starts from the same ones. */
export function drawInputs(sample: Sample<unknown>, seed = 0): DrawnInput[] {
  const generator = random(seed, sample.label);
  return sample.inputs.map((spec, i) => {
    const { shape, positive, below, dtype } = describeInput(spec);
    const draw = () => (below === null ? generator.normal() : generator.int(below));
    const data = Float64Array.from({ length: sizeOf(shape) }, () =>
      Math.fround(positive ? 0.5 + Math.abs(draw()) : draw()),
    );
    return { name: `x${i}`, dtype, value: { shape, data } };
  });
}

/** The op on graph inputs that fit what was drawn. */
export function applyToInputs(
  op: Op<unknown>,
  sample: Sample<unknown>,
  drawn: readonly DrawnInput[],
): { y: Node; xs: Node[] } {
  const xs = drawn.map(({ name, dtype, value }) => input(name, dtype, value.shape));
  return { xs, y: apply(op, xs, sample.attrs) };
}

export function toFeeds(drawn: readonly DrawnInput[]): Record<string, Tensor> {
  const arrays = { f32: Float32Array, i32: Int32Array, i8: Int8Array, u8: Uint8Array } as const;
  return Object.fromEntries(
    drawn.map(({ name, dtype, value }) => [name, tensor(dtype, value.shape, arrays[dtype as "f32"].from(value.data))]),
  );
}
