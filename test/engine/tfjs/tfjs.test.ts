import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checkOp, sampledOps } from "../../../src/engine/check-ops.ts";
import type { TfjsEngine } from "../../../src/engine/tfjs/tfjs.ts";
import { openTfjs, TFJS_BACKENDS, whyNot } from "../../support/engines.ts";

describe.each(TFJS_BACKENDS)("%s", (backend) => {
  let engine: TfjsEngine;
  beforeAll(async () => {
    if (!whyNot(backend)) engine = await openTfjs(backend);
  });
  beforeEach(({ skip }) => {
    const reason = whyNot(backend);
    if (reason) skip(reason);
  });

  describe.each(sampledOps.map((op) => [op.name, op] as const))("%s", (_name, op) => {
    test.each(op.samples.map((sample) => [sample.label, sample] as const))("%s", async (_label, sample) => {
      const { failure, error } = await checkOp(engine, op, sample);
      expect(failure).toBeNull();
      expect(error, op.tolerance.why).toBeLessThanOrEqual(op.tolerance.relative);
    });
  });
});
