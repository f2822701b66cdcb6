import { evaluate } from "../../src/engine/reference/reference.ts";
import { gradients } from "../../src/graph/autodiff.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Float64Tensor, Op, Sample } from "../../src/graph/node.ts";
import { input, mul, reshape, sum } from "../../src/graph/ops/index.ts";
import { applyToInputs, drawInputs } from "../../src/graph/samples.ts";
import { random } from "../../src/util/random.ts";
import { type Shape, sizeOf } from "../../src/util/tensor.ts";

/**
 * For a random direction u in the inputs and v in the result, v·J·u by central differences must equal vjp(v)·u:
 * one number tests the whole Jacobian (the idea of HIPS autograd's check_grads). Float64 throughout, since in float32 a
 * difference quotient is good to 1e-3 and would not see a factor of 1.001.
 * @throws Error naming the op, the sample and the input
 */
export function checkVjp(op: Op<unknown>, sample: Sample<unknown>): void {
  // In one direction a wrong rule may hide behind terms that cancel; not in three.
  for (const seed of [0, 1, 2]) checkVjpInDirection(op, sample, seed);
}

function checkVjpInDirection(op: Op<unknown>, sample: Sample<unknown>, seed: number): void {
  const drawn = drawInputs(sample, seed);
  const { y, xs } = applyToInputs(op, sample, drawn);
  const v = input("v", "f32", y.type.shape);
  const product = mul(y, v);
  const loss = reshape(
    sum(
      product,
      product.type.shape.map((_, axis) => axis),
    ),
    [],
  );
  const differentiable = xs.filter((_, i) => op.vjp(v, xs, sample.attrs, y)[i]);
  const graph = makeGraph(
    Object.fromEntries([
      ["loss", loss],
      ...gradients(loss, differentiable).map((g, i) => [`d${xs.indexOf(differentiable[i]!)}`, g]),
    ]),
  );

  const generator = random(seed, "direction");
  const normal = (shape: Shape): Float64Tensor => ({
    shape,
    data: Float64Array.from({ length: sizeOf(shape) }, () => generator.normal()),
  });
  const feeds = { ...Object.fromEntries(drawn.map(({ name, value }) => [name, value])), v: normal(y.type.shape) };
  const exact = evaluate(graph, feeds);
  for (const x of differentiable) {
    const i = xs.indexOf(x);
    const u = normal(x.type.shape);
    const moved = (t: number) => {
      const at = feeds[`x${i}` as "v"];
      const data = at.data.map((value, j) => value + t * u.data[j]!);
      return evaluate(graph, { ...feeds, [`x${i}`]: { shape: at.shape, data } }).loss!.data[0]!;
    };
    const step = 1e-5;
    const numeric = (moved(step) - moved(-step)) / (2 * step);
    const analytic = exact[`d${i}`]!.data.reduce((total, g, j) => total + g * u.data[j]!, 0);
    const scale = exact[`d${i}`]!.data.reduce((total, g, j) => total + Math.abs(g * u.data[j]!), 1e-3);
    if (!(Math.abs(numeric - analytic) <= 1e-6 * scale)) {
      throw new Error(
        `${op.name}, ${sample.label}, input ${i}: central differences give ${numeric}, the vjp ${analytic}`,
      );
    }
  }
}
