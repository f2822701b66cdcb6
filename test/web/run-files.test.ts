import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRuns, lookAt, readTail } from "../../src/web/run-files.ts";
import { workFolder } from "../support/work-folder.ts";
import { writeRun } from "../support/written-runs.ts";

const folder = workFolder();
const runs = join(folder, "runs");
const first = writeRun(runs, "first", { answers: [[0, "height", "7 gram", "7 gram"]] });
writeRun(folder, "outside", {});

describe("runs of a folder", () => {
  test("are the folders with a configuration, by name; hidden ones, files and empty folders are none", () => {
    writeRun(runs, "second", {});
    writeRun(runs, ".new-1234", {});
    mkdirSync(join(runs, "empty"));
    writeFileSync(join(runs, "report.html"), "");
    expect([...findRuns(runs).keys()]).toEqual(["first", "second"]);
    expect([...findRuns(join(folder, "gone")).keys()]).toEqual([]);
    expect([...findRuns(join(first, "config.yaml")).keys()]).toEqual([]);
  });

  test("may be linked from the same folder, and from nowhere else", () => {
    symlinkSync(join(folder, "outside"), join(runs, "leads-out"));
    symlinkSync(first, join(runs, "again"));
    symlinkSync(join(folder, "nowhere"), join(runs, "dangling"));
    symlinkSync(folder, join(runs, "above"));
    expect([...findRuns(runs).keys()]).toEqual(["again", "first", "second"]);
  });
});

describe("what is there of a run", () => {
  test("is told from the names of its files", () => {
    const run = findRuns(runs).get("first")!;
    writeFileSync(run.evaluation("train"), "{}");
    mkdirSync(run.best, { recursive: true });
    expect(lookAt(run)).toMatchObject({ predicted: ["val"], evaluated: ["train"], hasBest: true, lock: "none" });
    writeFileSync(join(run.path, "trainer-1073741824-1-elsewhere-00000000.lock"), "");
    expect(lookAt(run)).toMatchObject({ lock: "held" });
    rmSync(join(run.path, "trainer-1073741824-1-elsewhere-00000000.lock"));
  });

  test("leaves out links, for they may lead to any file", () => {
    const path = writeRun(runs, "sly", {});
    writeFileSync(join(folder, "secret.csv"), "index,entity_name,prediction,truth\n");
    symlinkSync(join(folder, "secret.csv"), join(path, "predictions-val.csv"));
    rmSync(join(path, "history.jsonl"));
    symlinkSync(join(folder, "secret.csv"), join(path, "history.jsonl"));
    const files = lookAt(findRuns(runs).get("sly")!)!;
    expect(files).toMatchObject({ predicted: [], historySize: 0 });
    expect(files.stamps.has("history.jsonl")).toBe(false);
  });

  test("is another when a file is written, or another takes its place, and nothing when the run is gone", () => {
    const path = writeRun(runs, "changing", {});
    const run = findRuns(runs).get("changing")!;
    const signatures = [
      () => {},
      () => appendFileSync(run.history, '{"step":4,"loss":1}\n'),
      () => writeFileSync(join(path, "copy"), '{"step":1,"loss":4}\n'.repeat(9)),
      () => renameSync(join(path, "copy"), run.history),
      () => mkdirSync(run.best, { recursive: true }),
    ].map((change) => {
      change();
      return lookAt(run)!.signature;
    });
    expect(new Set(signatures).size).toBe(4); // a file that is none of a run's says nothing
    rmSync(path, { recursive: true });
    expect(lookAt(run)).toBeUndefined();
    writeFileSync(path, "a file in the place of the run");
    expect(lookAt(run)).toBeUndefined();
  });
});

test("the end of a history has the newest of each number; a half line, a broken one and a cut one are passed over", () => {
  const path = join(folder, "tail.jsonl");
  expect([...readTail(path), ...readTail(folder)]).toEqual([]);
  const lines = Array.from({ length: 400 }, (_, i) => `{"step":${i + 1},"loss":${i / 2}}\n`).join("");
  writeFileSync(path, `${lines}{"step":401,"loss":7,"eval_f1":0.5}\n?\n{"step":402,"loss":null}\n{"step":403,"lo`);
  expect([...readTail(path)]).toEqual([
    ["step", 402],
    ["loss", Number.NaN],
    ["eval_f1", 0.5],
  ]);
});
