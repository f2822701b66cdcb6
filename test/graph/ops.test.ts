import { describe, expect, test } from "vitest";
import { checkOp, sampledOps } from "../../src/engine/check-ops.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import type { Op, Sample } from "../../src/graph/node.ts";
import { allOps, mul, scalar } from "../../src/graph/ops/index.ts";
import { applyToInputs, drawInputs } from "../../src/graph/samples.ts";
import { checkVjp } from "./check-vjp.ts";

const differentiable = (op: Op<unknown>, sample: Sample<unknown>) => {
  const { xs, y } = applyToInputs(op, sample, drawInputs(sample));
  return op.vjp(y, xs, sample.attrs, y).some((thunk) => thunk !== null);
};

test("ops have distinct names, and all but sources and markers have samples", () => {
  expect(new Set(allOps.map((op) => op.name)).size).toBe(allOps.length);
  expect(allOps.filter((op) => op.samples.length === 0).map((op) => op.name)).toEqual(["input", "stopGradient"]);
});

describe.each(sampledOps.map((op) => [op.name, op] as const))("%s", (_, op) => {
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
      const { failure, error } = await checkOp(engine, op, sample);
      expect(failure).toBeNull();
      expect(error, op.tolerance.why).toBeLessThanOrEqual(op.tolerance.relative);
    },
  );
});

describe("a rule that is wrong by a factor of 1.001 is caught", () => {
  const rules = sampledOps.flatMap((op) => {
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
