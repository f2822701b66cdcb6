import { expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { measureRoof } from "../../src/engine/profile-roof.ts";
import { referenceEngine } from "../../src/engine/reference/reference.ts";

test("the roof is that of a product as large as a large model's, on an engine that is up to it", async () => {
  const roof = await measureRoof(ortEngine());
  expect(roof.product).toBe("[1050,2048] × [2048,16384]");
  expect(roof.flops_per_s).toBeGreaterThan(1e9);
});

test("an engine that would take minutes for it is asked for a small product", async () => {
  const roof = await measureRoof(referenceEngine);
  expect(roof.product).toBe("[128,256] × [256,256]");
  expect(roof.flops_per_s).toBeLessThan(1e10);
});
