import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunLog } from "../../src/track/run-log.ts";
import { readRecords, startRunLog } from "../support/run-logs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let runs = 0;
const freshLog = () => startRunLog(join(folder, `run-${runs++}`));
const artifactsOf = (log: RunLog) => readRecords(log.segment.log).flatMap(({ artifact }) => artifact ?? []);

test("an artifact's record is the one that W&B's own client writes for the same files", async () => {
  const log = await freshLog();
  log.artifact({
    name: "adapter",
    type: "model",
    files: { "f.bin": Buffer.from("123") },
    aliases: ["best"],
    metadata: { f1: 0.5 },
  });
  log.finish(0);
  const [artifact] = artifactsOf(log);
  // Digests as wandb 0.31 computes them of a file f.bin with the content 123.
  expect(artifact).toMatchObject({
    name: "adapter",
    type: "model",
    digest: "e597a419ddd0beacd20520676952ce19",
    digestAlgorithm: "MANIFEST_MD5",
    metadata: '{"f1":0.5}',
    aliases: ["best", "latest"],
    finalize: true,
    manifest: { version: 1, contents: [{ path: "f.bin", digest: "ICy5YqxZB1uWSwcVLSNLcA==", size: 3 }] },
  });
  expect(artifact!.clientId).toMatch(/^[a-z0-9]{128}$/);
});

test("its files are kept as they were when it was logged, and the same content once", async () => {
  const log = await freshLog();
  const file = join(folder, "weights.bin");
  writeFileSync(file, "weights");
  log.artifact({ name: "a", type: "model", files: { "w.bin": { file }, "sub/w.bin": Buffer.from("weights") } });
  const replaced = join(folder, "weights.new");
  writeFileSync(replaced, "others");
  log.artifact({ name: "a", type: "model", files: { "w.bin": { file: replaced } } });
  log.finish(0);
  const [first, second] = artifactsOf(log);
  const contents = first!.manifest!.contents;
  expect(contents.map(({ path }) => path)).toEqual(["sub/w.bin", "w.bin"]);
  for (const { localPath } of contents) expect(readFileSync(localPath!, "utf8")).toBe("weights");
  expect(readdirSync(log.segment.staging)).toHaveLength(2);
  expect(second!.sequenceClientId).toBe(first!.sequenceClientId);
  expect(second!.clientId).not.toBe(first!.clientId);
});

test.each(["", "a/b", "a b", "größe", "x".repeat(129)])("the name %j is refused", async (name) => {
  const log = await freshLog();
  const files = { a: Buffer.from("a") };
  expect(() => log.artifact({ name, type: "model", files })).toThrow(/an artifact cannot be called/);
  expect(() => log.artifact({ name: "a", type: name, files })).toThrow(/an artifact cannot be called/);
  log.finish(0);
});
