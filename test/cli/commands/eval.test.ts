import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { readTable } from "../../../src/data/table.ts";
import { train } from "../../../src/recipes/train.ts";
import { historyOf, tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const rows = writeQuickRows(join(folder, "rows.csv"));
const run = join(folder, "learnt");
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Learns its six rows by heart, so that there are right and wrong answers to count. */
beforeAll(async () => {
  const learn = ["train.max_steps=120", "train.lr=0.02", "eval.every=40", "run.name=learnt"];
  await train(tinyConfig(folder, `data.train=${rows}`, `data.val=${rows}`, ...learn));
});

describe("amlc eval", () => {
  test("--json prints one document, the score; the same is in eval-SPLIT.json and, by hand, in predictions-SPLIT.csv", async () => {
    expect(await runProgram(["eval", "--run", run, "--split", "val", "--json"])).toBe(0);
    const score = JSON.parse(printed.out);
    const count = expect.any(Number);
    const overall = { f1: count, precision: count, recall: count, tp: count, fp: count, fn: count, tn: count, rows: 6 };
    expect(score).toEqual({ ...overall, bad_rows: 0, by_entity: expect.any(Object) });
    expect(readJson(join(run, "eval-val.json"))).toEqual({ ...score, split: "val" });

    const predictions = await readTable(join(run, "predictions-val.csv"));
    expect(predictions.columns).toEqual(["index", "entity_name", "prediction", "confidence", "truth", "outcome"]);
    expect(predictions.column("index")).toEqual(["0", "1", "2", "3", "4", "5"]);
    const truth = predictions.column("truth");
    expect(truth).toEqual((await readTable(rows)).column("entity_value"));
    const isRight = predictions.column("prediction").map((answer, row) => answer === truth[row]);
    expect(isRight.filter(Boolean).length).toBe(score.tp);
    expect(score.tp).toBeGreaterThan(0);
    expect(predictions.column("outcome").map((outcome) => outcome === "tp")).toEqual(isRight);
  });

  test("amlc score agrees about the predictions", async () => {
    expect(await runProgram(["score", join(run, "predictions-val.csv"), "--truth", rows, "--json"])).toBe(0);
    const { split, bad_rows, ...score } = readJson(join(run, "eval-val.json"));
    expect(JSON.parse(printed.out)).toEqual(score);
  });

  test("agrees with the evaluations while training, of the last checkpoint and of the best", async () => {
    const evaluated = historyOf(run).filter(({ eval_f1 }) => eval_f1 !== undefined);
    expect(evaluated.map(({ step }) => step)).toEqual([40, 80, 120]);
    const best = Math.max(...evaluated.map(({ eval_f1 }) => eval_f1 as number));
    for (const [checkpoint, f1] of [
      ["last", evaluated.at(-1)!.eval_f1],
      ["best", best],
    ] as const) {
      printed.out = "";
      expect(await runProgram(["eval", "--run", run, "--checkpoint", checkpoint, "--json"])).toBe(0);
      expect(JSON.parse(printed.out).f1, checkpoint).toBe(f1);
    }
  });

  test.each([
    ["train", "eval-train.json", 6],
    [rows, "eval-rows.json", 6],
  ])("--split %s writes %s", async (split, file, count) => {
    expect(await runProgram(["eval", "--run", run, "--split", split])).toBe(0);
    expect(printed.out).toMatch(/^entity +f1 +precision +recall +tp +fp +fn +tn +rows\nall /);
    expect(printed.err).toContain(`written: ${join(run, file)}`);
    expect(readJson(join(run, file)).rows).toBe(count);
  });

  test("tells of rows that cannot be asked about, and leaves them out of the score", async () => {
    const file = join(folder, "more.csv");
    writeFileSync(file, `${readFileSync(rows, "utf8")}https://x/gone.jpg,1,item_weight,5 gram\n`);
    expect(await runProgram(["eval", "--run", run, "--split", file, "--json"])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ rows: 6, bad_rows: 1 });
    expect(await runProgram(["eval", "--run", run, "--split", file])).toBe(0);
    expect(printed.err).toMatch(
      /rows passed over, and not in the score: 1; the first: line 8: .*gone\.jpg: no such image/,
    );
  });

  test("prints what a foreign table says so that it cannot steer the terminal", async () => {
    const file = join(folder, "foreign.csv");
    writeFileSync(file, `${readFileSync(rows, "utf8")}https://x/a.jpg,1,\u001b[2Jitem_weight,5 gram\n`);
    expect(await runProgram(["eval", "--run", run, "--split", file])).toBe(0);
    expect(printed.err).toContain('the first: line 8: unknown entity_name "\ufffd[2Jitem_weight"');
    expect(printed.err).not.toContain("\u001b[2J");
  });

  test("works beside a training that has a last checkpoint and no best one yet", async () => {
    const path = copyOfRun("unfinished");
    rmSync(join(path, "checkpoints", "best"), { recursive: true });
    expect(await runProgram(["eval", "--run", path, "--json"])).toBe(0);
    expect(await runProgram(["eval", "--run", path, "--checkpoint", "best"])).toBe(2);
    expect(printed.err).toContain(`${join(path, "checkpoints", "best")}: this run has no checkpoint yet`);
  });
});

describe("amlc eval refuses", () => {
  test.each([
    [
      "a run that is not there, with the nearest",
      ["--run", join(folder, "lerant")],
      "lerant: there is no such run",
      `hint: runs in ${folder}: did you mean "learnt"?`,
    ],
    [
      "a split that is not there",
      ["--run", run, "--split", "nowhere.csv"],
      "nowhere.csv: could not be read: no such file",
      "hint: ",
    ],
    [
      "a checkpoint that is none",
      ["--run", run, "--checkpoint", "first"],
      'Argument: checkpoint, Given: "first"',
      '"best", "last"',
    ],
    [
      "validation rows that the run has none of",
      ["--run", run, "--set", "eval.every=0", "--set", "data.val=null"],
      "--split val: data.val is not set",
      "hint: set data.val",
    ],
    ["a misspelt setting", ["--run", run, "--set", "eval.bacth=2"], "eval.bacth", "batch"],
  ])("%s", async (_, args, ...parts) => {
    expect(await runProgram(["eval", ...args])).toBe(2);
    for (const part of parts) expect(printed.err).toContain(part);
    expect(printed.out).toBe("");
  });

  test("a run without a checkpoint", async () => {
    const path = copyOfRun("young");
    rmSync(join(path, "checkpoints"), { recursive: true });
    expect(await runProgram(["eval", "--run", path])).toBe(2);
    expect(printed.err).toContain(`${join(path, "checkpoints", "best")}: this run has no checkpoint yet`);
    expect(printed.err).toContain(`hint: go on with: amlc train --resume ${path}`);
  });

  test("a damaged checkpoint, and a base it was not trained on", async () => {
    const path = copyOfRun("damaged");
    const file = join(path, "checkpoints", "best", "adapter_model.safetensors");
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    expect(await runProgram(["eval", "--run", path])).toBe(2);
    expect(printed.err).toContain(`${file}: damaged: its SHA-256`);
    const other = join(import.meta.dirname, "..", "..", "goldens", "tiny", "model");
    expect(await runProgram(["eval", "--run", run, "--set", `base=${other}`])).toBe(2);
  });
});

function copyOfRun(name: string): string {
  cpSync(run, join(folder, name), { recursive: true });
  return join(folder, name);
}

describe("amlc eval --calibrate", () => {
  test("prints how reliable confidences are, and keeps what it found in the run's folder", async () => {
    expect(await runProgram(["eval", "--run", run, "--calibrate"])).toBe(0);
    expect(printed.err).toContain("every row has a truth: an answer never hurts, and none is left blank");
    expect(readJson(join(run, "calibration.json"))).toMatchObject({ threshold: 0, q: 1, rows: 6, empty_truths: 0 });
    expect(readFileSync(join(run, "calibration.svg"), "utf8")).toMatch(/^<svg/);
    const before = readFileSync(join(run, "predictions-val.csv"), "utf8");
    expect(await runProgram(["eval", "--run", run])).toBe(0);
    expect(readFileSync(join(run, "predictions-val.csv"), "utf8")).toBe(before);
  });

  test("where truths are empty, unlikely answers are left blank from then on, unless that is turned off", async () => {
    const table = readFileSync(rows, "utf8").trim().split("\n");
    const column = table[0]!.split(",").indexOf("entity_value");
    const blanked = table.map((line, i) =>
      i > 0 && i <= 3
        ? line
            .split(",")
            .map((cell, c) => (c === column ? "" : cell))
            .join(",")
        : line,
    );
    const some = join(folder, "some-empty.csv");
    writeFileSync(some, `${blanked.join("\n")}\n`);
    printed.out = "";
    expect(await runProgram(["eval", "--run", run, "--split", some, "--calibrate", "--json"])).toBe(0);
    const { calibration } = JSON.parse(printed.out);
    expect(calibration).toMatchObject({ q: 0.5, empty_truths: 3, rows: 6 });
    expect(calibration.threshold).toBeGreaterThan(0);
    writeFileSync(join(run, "calibration.json"), JSON.stringify({ ...calibration, threshold: 1.1 }));
    printed.out = "";
    expect(await runProgram(["eval", "--run", run, "--json"])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ tp: 0, fp: 0, fn: 6 });
    printed.out = "";
    expect(await runProgram(["eval", "--run", run, "--set", "decode.min_confidence=null", "--json"])).toBe(0);
    expect(JSON.parse(printed.out).fn).toBe(0);
    rmSync(join(run, "calibration.json"));
  });
});
