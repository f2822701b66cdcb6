import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findCheckpoint, loadCheckpoint, saveCheckpoint } from "../../src/runs/checkpoints.ts";

const newFolder = () => join(mkdtempSync(join(tmpdir(), "amlc-checkpoint-")), "checkpoints", "last");

test("a checkpoint comes back byte for byte, the newest in place of the earlier", async () => {
  const folder = newFolder();
  expect(findCheckpoint(folder)).toBeUndefined();
  await saveCheckpoint(folder, { "old.bin": new Uint8Array([9]) });
  await saveCheckpoint(folder, { "adapter.bin": new Uint8Array([1, 2, 255]), "state.json": "{}" });
  const files = await loadCheckpoint(folder);
  expect(Object.keys(files)).toEqual(["adapter.bin", "state.json"]);
  expect([...files["adapter.bin"]]).toEqual([1, 2, 255]);
  expect(new TextDecoder().decode(files["state.json"])).toBe("{}");
});

test("in the middle of a replacement the earlier checkpoint is read", async () => {
  const folder = newFolder();
  await saveCheckpoint(folder, { a: "1" });
  renameSync(folder, `${folder}.old`);
  expect(new TextDecoder().decode((await loadCheckpoint(folder)).a)).toBe("1");
});

test("one flipped byte is noticed and its file named", async () => {
  const folder = newFolder();
  await saveCheckpoint(folder, { "adapter.bin": "good" });
  writeFileSync(join(folder, "adapter.bin"), "goof");
  await expect(loadCheckpoint(folder)).rejects.toThrow(`${join(folder, "adapter.bin")}: damaged`);
});

test.each([
  ["a path out of the folder", '{"../../secret": "00"}', "not a list of file names"],
  ["no list", "null", "not a list of file names"],
  ["a file that is gone", '{"gone": "00"}', "gone: cannot be read"],
])("%s in checksums.json is refused", async (_, text, message) => {
  const folder = newFolder();
  await saveCheckpoint(folder, {});
  writeFileSync(join(folder, "checksums.json"), text);
  await expect(loadCheckpoint(folder)).rejects.toThrow(message);
});
