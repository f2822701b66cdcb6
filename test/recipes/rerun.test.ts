import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { initModel } from "../../src/recipes/init-model.ts";
import { rerun } from "../../src/recipes/rerun.ts";
import { resume, train } from "../../src/recipes/train.ts";
import { type AmlcError, InputError, InterruptedError } from "../../src/util/errors.ts";
import { PACKAGE_ROOT } from "../../src/util/package.ts";
import { adapterBytes, historyOf, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const quickRows = writeQuickRows(join(folder, "quick.csv"));
const STEPS = 6;
const RESTLESS = ["lora.dropout=0.3", "eval.every=3", "eval.max_rows=2", "train.warmup_steps=1"];

function trainQuick(name: string, ...sets: readonly string[]): Promise<{ run: string }> {
  const quick = [`data.train=${quickRows}`, `train.max_steps=${STEPS}`, `run.name=${name}`];
  return train(tinyConfig(folder, ...quick, ...sets));
}

/** A run of the same history as `whole`, to be changed. */
function copyRun(name: string): string {
  const path = join(folder, name);
  cpSync(join(folder, "whole"), path, { recursive: true });
  return path;
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

const editHistory = (run: string, change: (text: string) => string) => edit(join(run, "history.jsonl"), change);

/** Aborts after a step. */
function stopAfter(last: number) {
  const controller = new AbortController();
  const observer = { step: ({ step }: { step: number }) => void (step === last && controller.abort()) };
  return { observer, signal: controller.signal };
}

let whole: string;
beforeAll(async () => {
  whole = (await trainQuick("whole", ...RESTLESS)).run;
});

describe("a run that is repeated", () => {
  test("has the same history bit for bit, in a new folder beside it", async () => {
    const before = readFileSync(join(whole, "history.jsonl"));
    const report = await rerun({ run: whole });
    expect(report).toMatchObject({
      run: whole,
      rerun: join(folder, "whole-rerun"),
      equal: true,
      steps: STEPS,
      fields: expect.arrayContaining(["step", "epoch", "loss", "grad_norm", "lr", "eval_f1"]),
      difference: null,
      environment: [],
    });
    expect(report.fields).not.toEqual(expect.arrayContaining(["seconds"]));
    expect(historyOf(report.rerun)).toEqual(historyOf(whole));
    expect(adapterBytes(report.rerun, "best")).toEqual(adapterBytes(whole, "best"));
    expect(readFileSync(join(whole, "history.jsonl"))).toEqual(before);
  });

  test("gets the next free name, or the one that is wanted", async () => {
    expect(await rerun({ run: whole, steps: 1 })).toMatchObject({ rerun: join(folder, "whole-rerun-2") });
    expect(await rerun({ run: whole, steps: 1 })).toMatchObject({ rerun: join(folder, "whole-rerun-3") });
    expect(await rerun({ run: whole, steps: 1, name: "again" })).toMatchObject({ rerun: join(folder, "again") });
  });

  test("in its first steps alone keeps its schedule, tells of these steps, and can be resumed to the same end", async () => {
    const told: string[] = [];
    const observer = { step: ({ step }: { step: number }, total: number) => void told.push(`${step}/${total}`) };
    const report = await rerun({ run: whole, steps: 4, name: "four", observer });
    expect(report).toMatchObject({ equal: true, steps: 4 });
    expect(told).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(historyOf(report.rerun)).toEqual(historyOf(whole).slice(0, 4));
    await resume(report.rerun);
    expect(historyOf(report.rerun)).toEqual(historyOf(whole));
    expect(adapterBytes(report.rerun)).toEqual(adapterBytes(whole));
  });

  test("and was never finished is repeated as far as it came, a line half written left out", async () => {
    const path = copyRun("unfinished");
    editHistory(path, (text) => `${text.split("\n").slice(0, 2).join("\n")}\n{"step":3,"lo`);
    const report = await rerun({ run: path });
    expect(report).toMatchObject({ equal: true, steps: 2 });
    expect(historyOf(report.rerun)).toHaveLength(2);
  });

  test("and has stopped for want of patience stops there again", async () => {
    const patient = ["eval.every=1", "eval.max_rows=1", "eval.patience=1", "train.lr=0"];
    const { run } = await trainQuick("patient", ...patient);
    expect(historyOf(run)).toHaveLength(2);
    expect(await rerun({ run })).toMatchObject({ equal: true, steps: 2 });
  });

  test("and is interrupted is saved, and can be resumed to the same end", async () => {
    const attempt = rerun({ run: whole, name: "interrupted", ...stopAfter(2) });
    const error = (await attempt.catch((e: unknown) => e)) as AmlcError;
    expect(error).toBeInstanceOf(InterruptedError);
    const path = join(folder, "interrupted");
    expect(error.hint).toBe(`go on with: amlc train --resume ${path}`);
    expect(historyOf(path)).toEqual(historyOf(whole).slice(0, 2));
    await resume(path);
    expect(historyOf(path)).toEqual(historyOf(whole));
  });
});

describe("what is not reproduced", () => {
  test("is told by its first step and field, with both values", async () => {
    const path = copyRun("other-loss");
    const { loss } = historyOf(path)[1]!;
    editHistory(path, (text) => text.replace(`"loss":${loss}`, '"loss":1.25'));
    const difference = { step: 2, field: "loss", before: 1.25, again: loss };
    expect(await rerun({ run: path, steps: 3 })).toMatchObject({ equal: false, steps: 3, difference });
  });

  test("is seen at the first step when the base has other weights", async () => {
    const base = join(folder, "base");
    const output = join(folder, "other-base");
    const like = join(PACKAGE_ROOT, "checkpoints", "tiny");
    cpSync(like, base, { recursive: true });
    const { run } = await trainQuick("on-base", `base=${base}`);
    await initModel({ like, output, seed: 1, dtype: "fp32", range: 0.02 });
    cpSync(output, base, { recursive: true });
    const { difference } = await rerun({ run, steps: 2 });
    expect(difference).toMatchObject({ step: 1, field: "loss" });
    rmSync(base, { recursive: true });
    await expect(rerun({ run, name: "baseless" })).rejects.toThrow(InputError);
    expect(existsSync(join(folder, "baseless"))).toBe(false);
  });

  test("may come of another environment, which is told", async () => {
    const path = copyRun("elsewhere");
    edit(join(path, "environment.json"), (text) => {
      const environment = JSON.parse(text);
      return JSON.stringify({
        ...environment,
        cpu: "1 × abacus",
        versions: { ...environment.versions, node: "1.0.0" },
      });
    });
    expect((await rerun({ run: path, steps: 1 })).environment).toEqual([
      { name: "cpu", before: "1 × abacus", again: expect.any(String) },
      { name: "node", before: "1.0.0", again: process.versions.node },
    ]);
  });
});

describe("a run is not repeated", () => {
  const refuse = async (options: Parameters<typeof rerun>[0], message: string, hint?: string) => {
    const runs = readdirSync(folder);
    const error = (await rerun(options).catch((e: unknown) => e)) as InputError;
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(message);
    if (hint !== undefined) expect(error.hint).toContain(hint);
    expect(readdirSync(folder), "a run folder was left behind").toEqual(runs);
  };

  test("that is not there", () => refuse({ run: join(folder, "whol") }, "there is no such run", "whole"));

  test("without a step to compare", async () => {
    const path = copyRun("stepless");
    rmSync(join(path, "history.jsonl"));
    await refuse({ run: path }, `${path}: no step was taken yet`, `amlc train --resume ${path}`);
  });

  test("whose history is broken in its middle", async () => {
    const path = copyRun("torn");
    editHistory(path, (text) => text.replace('{"step":2', "?"));
    await refuse({ run: path }, `${join(path, "history.jsonl")}:2: not a history record`);
  });

  test.each([0, 1.5, STEPS + 1, Number.NaN])("for %d steps", (steps) =>
    refuse({ run: whole, steps }, `${steps} steps cannot be repeated: it has taken ${STEPS}`, `from 1 to ${STEPS}`),
  );

  test("under a name that is taken, or is none", async () => {
    await refuse({ run: whole, name: "whole" }, `${whole}: this run exists already`, "--name");
    await refuse({ run: whole, name: "../away" }, "../away: not a name for a run", "--name");
  });

  test("over other rows than it had, or without its environment", async () => {
    const rows = writeQuickRows(join(folder, "rows.csv"));
    const { run } = await trainQuick("rows-changed", `data.train=${rows}`, "train.max_steps=2");
    appendFileSync(rows, readFileSync(rows, "utf8").split("\n")[1]!);
    await refuse({ run }, `${rows} changed since the run was started`, "put the file back");
    rmSync(rows);
    await refuse({ run }, `${rows}: could not be read: no such file`, "check the path");
    rmSync(join(run, "environment.json"));
    await refuse({ run }, `${join(run, "environment.json")}: no such file`, "neither resumed nor repeated");
  });
});
