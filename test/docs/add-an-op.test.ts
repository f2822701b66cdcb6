import { expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { allOps, input, scale } from "../../src/graph/ops/index.ts";
import { applyToInputs, drawInputs, toFeeds } from "../../src/graph/samples.ts";
import { checkVjp } from "../graph/check-vjp.ts";
import { relativeError } from "../support/errors.ts";
import { readDocument } from "./documents.ts";
import { softplus, softplusOp } from "./softplus.ts";

const [sample] = softplusOp.samples;

test("docs/add-an-op.md shows the record that is tested here, as it would stand in src/graph/ops", () => {
  const record = readDocument("test/docs/softplus.ts")
    .replaceAll("../../src/graph/ops/", "./")
    .replaceAll("../../src/graph/", "../")
    .replaceAll("../../src/util/", "../../util/");
  expect(readDocument("docs/add-an-op.md")).toContain(`\`\`\`ts\n${record}\`\`\``);
});

test("its gradient agrees with central differences in float64, and one that is wrong by 1.001 does not", () => {
  checkVjp(softplusOp, sample!);
  const wrong = {
    ...softplusOp,
    vjp: (...args: Parameters<typeof softplusOp.vjp>) => [() => scale(softplusOp.vjp(...args)[0]!(), 1.001)],
  };
  expect(() => checkVjp(wrong, sample!)).toThrow("softplus, a matrix, input 0: central differences");
});

test("onnxruntime agrees with its float64 definition", async () => {
  const drawn = drawInputs(sample!);
  const graph = makeGraph({ y: applyToInputs(softplusOp, sample!, drawn).y });
  const run = async (engine: typeof referenceEngine) => (await (await engine.compile(graph)).run(toFeeds(drawn))).y!;
  const [actual, expected] = [await run(ortEngine()), await run(referenceEngine)];
  const error = relativeError(actual.data as Float32Array, expected.data as Float32Array);
  expect(error).toBeLessThanOrEqual(softplusOp.tolerance.relative);
});

test("it is an example still: once it is an op of the project, the document needs another", () => {
  expect(allOps.map(({ name }) => name)).not.toContain(softplusOp.name);
  expect(softplus(input("x", "f32", [2, 3])).type.shape).toEqual([2, 3]);
});
