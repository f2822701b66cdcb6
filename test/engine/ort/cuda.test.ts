import { beforeEach, expect, test } from "vitest";
import { checkOps } from "../../../src/engine/check-ops.ts";
import { createEngine } from "../../../src/engine/create.ts";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { testGoldens } from "../../support/device-goldens.ts";

const CUDA = { name: "ort", backend: "auto", products: "fp32", providers: ["cuda", "cpu"], threads: null } as const;

const reason = await createEngine(CUDA).then(
  () => null,
  (error: Error) => error.message,
);
beforeEach(({ skip }) => {
  if (reason) skip(reason);
});

const engine = ortEngine(CUDA);

test("every sample of every op is as near to its float64 definition as the op's record wants", async () => {
  const failed = [];
  for await (const check of checkOps(engine)) if (!check.passed) failed.push(check);
  expect(failed).toEqual([]);
});

testGoldens(engine);
