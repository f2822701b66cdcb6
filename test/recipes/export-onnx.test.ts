import { existsSync, readdirSync, readFileSync } from "node:fs";
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

test("where photographs to check with are absent, that is told before a file is written, with the way to do without", async () => {
  const notes: string[] = [];
  const options = { run: at("adapted"), output: at("unchecked"), dtypes: ["fp32"] as const };
  const away = { sets: [`data.images=${at("nowhere")}`], observer: { note: (text: string) => void notes.push(text) } };
  await expect(exportOnnx({ ...options, ...away, checkRows: 3 })).rejects.toMatchObject({
    message: expect.stringContaining("no such image"),
    hint: expect.stringContaining("--check 0"),
  });
  expect(notes).toEqual([]);
  expect(await exportOnnx({ ...options, ...away, checkRows: 0 })).toMatchObject({ checks: [] });
});

test("no type of weights at all, and one that is none, are refused before anything is loaded", async () => {
  const options = { run: at("adapted"), output: at("untyped"), checkRows: 0 };
  await expect(exportOnnx({ ...options, dtypes: [] })).rejects.toThrow("dtypes: names none");
  await expect(exportOnnx({ ...options, dtypes: ["q16" as "q4"] })).rejects.toMatchObject({
    message: 'dtypes: there is no "q16"',
    hint: expect.stringContaining("fp16"),
  });
  expect(existsSync(at("untyped"))).toBe(false);
});

test("what an earlier export has written stays, until the next one is whole", async () => {
  await exportUntil("kept");
  const before = readFileSync(join(at("kept"), "export.json"), "utf8");
  await exportUntil("kept", /^onnx\/embed_tokens/);
  expect(readFileSync(join(at("kept"), "export.json"), "utf8")).toBe(before);
  expect(readdirSync(folder).filter((name) => name.startsWith("kept"))).toEqual(["kept"]);
});
