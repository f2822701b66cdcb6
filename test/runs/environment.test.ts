import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeEnvironment } from "../../src/runs/environment.ts";

test("names versions, machine and data, and nothing of the user's environment", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "amlc-environment-")), "rows.csv");
  writeFileSync(file, "a,b\n");
  process.env.AMLC_TEST_TOKEN = "never-to-be-written";
  const environment = await describeEnvironment({ seed: 7, data: { rows: file }, base: "0.1 0.2" });
  expect(environment).toMatchObject({
    seed: 7,
    base: "0.1 0.2",
    data: { rows: createHash("sha256").update("a,b\n").digest("hex") },
  });
  expect(environment.versions).toMatchObject({ node: process.versions.node, zod: expect.stringMatching(/^\d+\./) });
  expect(JSON.stringify(environment)).not.toContain("never-to-be-written");
});
