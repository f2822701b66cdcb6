import { describe, expect, test } from "vitest";
import { checkOp, sampledOps } from "../../../src/engine/check-ops.ts";
import { describeBackends } from "../../support/engines.ts";

describeBackends((engine) => {
  describe.each(sampledOps.map((op) => [op.name, op] as const))("%s", (_name, op) => {
    test.each(op.samples.map((sample) => [sample.label, sample] as const))("%s", async (_label, sample) => {
      const { failure, error } = await checkOp(engine(), op, sample);
      expect(failure).toBeNull();
      expect(error, op.tolerance.why).toBeLessThanOrEqual(op.tolerance.relative);
    });
  });
});
