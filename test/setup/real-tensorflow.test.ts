import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../docs/documents.ts";
import { workFolder } from "../support/work-folder.ts";

const cache = workFolder();
const isWanted = process.env.AMLC_TEST_SETUP === "1";

test.skipIf(!isWanted)(
  `the real TensorFlow is set up into an empty cache${isWanted ? "" : " (skipped: fetches 0.3 GB; AMLC_TEST_SETUP=1 turns it on)"}`,
  { timeout: 1_800_000 },
  async () => {
    const program = [join(ROOT, "dist", "cli", "main.js"), "setup", "tensorflow", "--json"];
    const run = () => promisify(execFile)(process.execPath, program, { env: { ...process.env, AMLC_CACHE: cache } });
    const first = JSON.parse((await run()).stdout);
    expect(first).toMatchObject({ cuda: false, device: "cpu", present: false });
    expect(JSON.parse((await run()).stdout)).toMatchObject({ present: true, version: first.version });
  },
);
