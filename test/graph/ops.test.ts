import { describe, expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Op, Sample } from "../../src/graph/node.ts";
import { allOps, mul, scalar } from "../../src/graph/ops/index.ts";
import { applyToInputs, checkVjp, drawInputs, toFeeds } from "./check-vjp.ts";

/** Ops without samples are sources and markers: they compute nothing that could be wrong. */
const ops = allOps.filter((op) => op.samples.length > 0);
const differentiable = (op: Op<unknown>, sample: Sample<unknown>) => {
  const { xs, y } = applyToInputs(op, sample, drawInputs(sample));
  return op.vjp(y, xs, sample.attrs, y).some((thunk) => thunk !== null);
};

test("ops have distinct names, and all but sources and markers have samples", () => {
  expect(new Set(allOps.map((op) => op.name)).size).toBe(allOps.length);
  expect(allOps.filter((op) => op.samples.length === 0).map((op) => op.name)).toEqual(["input", "stopGradient"]);
});

describe.each(ops.map((op) => [op.name, op] as const))("%s", (_, op) => {
  const engine = ortEngine();

  test.each(op.samples.map((sample) => [sample.label, sample] as const))(
    "%s: the vjp agrees with central differences in float64",
    (_label, sample) => {
      checkVjp(op, sample);
    },
  );

  test.each(op.samples.map((sample) => [sample.label, sample] as const))(
    "%s: onnxruntime agrees with the float64 definition",
    async (_label, sample) => {
      const drawn = drawInputs(sample);
      const graph = makeGraph({ y: applyToInputs(op, sample, drawn).y });
      const [ort, reference] = await Promise.all(
        [engine, referenceEngine].map(async (e) => (await (await e.compile(graph)).run(toFeeds(drawn))).y!),
      );
      const largest = Math.max(...Array.from(reference!.data as Float32Array, Math.abs), 1e-30);
      const worst = Math.max(
        0,
        ...Array.from(ort!.data as Float32Array, (value, i) => Math.abs(value - Number(reference!.data[i])) / largest),
      );
      expect(ort!.shape).toEqual(reference!.shape);
      expect(worst, op.tolerance.why).toBeLessThanOrEqual(op.tolerance.relative);
    },
  );
});

describe("a rule that is wrong by a factor of 1.001 is caught", () => {
  const rules = ops.flatMap((op) => {
    const sample = op.samples.find((s) => differentiable(op, s));
    if (!sample) return [];
    const { xs, y } = applyToInputs(op, sample, drawInputs(sample));
    return op.vjp(y, xs, sample.attrs, y).flatMap((thunk, i) => (thunk ? [{ op, sample, i }] : []));
  });
  test.each(rules.map(({ op, sample, i }) => [op.name, i, op, sample] as const))(
    "%s, input %i",
    (name, i, op, sample) => {
      const wrong: Op<unknown> = {
        ...op,
        vjp: (...args) => op.vjp(...args).with(i, () => mul(op.vjp(...args)[i]!(), scalar(1.001))),
      };
      expect(() => checkVjp(wrong, sample)).toThrow(new RegExp(`^${name}, .*, input ${i}: central differences`));
    },
  );
});
