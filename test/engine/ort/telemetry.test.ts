import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { MAIN } from "../../support/cli.ts";
import { workFolder } from "../../support/work-folder.ts";

test("onnxruntime neither reports its use nor leaves a log of that", async () => {
  const folder = workFolder();
  const args = [MAIN, "doctor"];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, TMPDIR: folder } }).catch(() => {});
  expect(readdirSync(folder).filter((name) => name.startsWith("mat-debug"))).toEqual([]);
});
