import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { exportOnnx } from "../../src/recipes/export-onnx.ts";
import { train } from "../../src/recipes/train.ts";
import { InterruptedError } from "../../src/util/errors.ts";
import { tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  const rows = writeQuickRows(at("quick.csv"));
  const sets = [`data.train=${rows}`, `data.val=${rows}`, "train.max_steps=1", "train.warmup_steps=0"];
  await train(tinyConfig(folder, ...sets, "run.name=adapted"));
});

/** Exports; given a pattern, it is told to stop when it notes something that matches. Returns its notes. */
async function exportUntil(output: string, pattern?: RegExp) {
  const [stop, notes] = [new AbortController(), [] as string[]];
  const note = (text: string) => {
    notes.push(text);
    if (pattern?.test(text)) stop.abort();
  };
  const options = { run: at("adapted"), output: at(output), dtypes: ["fp32"] as const, checkRows: 3 };
  const exported = exportOnnx({ ...options, observer: { note }, signal: stop.signal });
  await (pattern ? expect(exported).rejects.toThrow(InterruptedError) : exported);
  return notes;
}

test("told to stop while it writes or checks its files, an export leaves nothing", async () => {
  expect(await exportUntil("stopped", /^onnx\/vision_encoder/)).toHaveLength(1);
  await exportUntil("stopped", /answering 3 rows/);
  expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
});

test("what an earlier export has written stays, until the next one is whole", async () => {
  await exportUntil("kept");
  const before = readFileSync(join(at("kept"), "export.json"), "utf8");
  await exportUntil("kept", /^onnx\/embed_tokens/);
  expect(readFileSync(join(at("kept"), "export.json"), "utf8")).toBe(before);
  expect(readdirSync(folder).filter((name) => name.startsWith("kept"))).toEqual(["kept"]);
});
