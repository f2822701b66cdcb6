import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { readTable } from "../../../src/data/table.ts";
import { TRAINING } from "../../../src/runs/outcome.ts";
import { lockFolder } from "../../../src/util/folder-lock.ts";
import { SHIPPED } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";
import { type WrittenAnswer, writeRun } from "../../support/written-runs.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
const rows = await readTable(join(SHIPPED, "val.csv"));
const [entities, truths] = [rows.column("entity_name"), rows.column("entity_value")];

/** Answers to the shipped validation rows, right in the first `right` of them. */
const answers = (right: number): WrittenAnswer[] =>
  truths.map((truth, i) => [i, entities[i]!, i < right ? truth : "7 gram", truth]);

const first = writeRun(folder, "first", { answers: answers(2) });
const second = writeRun(folder, "second", { answers: answers(9), sets: ["train.lr=0.02", "lora.rank=4"] });
const compare = async (...args: readonly string[]) => {
  const code = await runProgram(["compare", ...args]);
  return { code, ...printed };
};
const compareJson = async (...args: readonly string[]) => JSON.parse((await compare(...args, "--json")).out);

describe("amlc compare", () => {
  test("--json is one document: settings, scores, tests, rows, cost", async () => {
    const result = await compareJson(first, second);
    expect(result.differences).toEqual([
      { key: "lora.rank", values: ["8", "4"] },
      { key: "train.lr", values: ["0.01", "0.02"] },
    ]);
    expect(result.runs.map(({ score }: { score: { tp: number } }) => score.tp)).toEqual([2, 9]);
    expect(result.tests[0]).toMatchObject({ rows: 10, only_first_right: 0, only_other_right: 7 });
    expect(result.tests[0].mcnemar.exact).toBeCloseTo(2 / 128, 12);
    expect(result.disagreements.rows).toBe(7);
    expect(result.disagreements.shown[0].row).toMatchObject({
      truth: truths[2],
      question: expect.stringContaining("What is the"),
      image: expect.stringMatching(/\.jpg$/),
    });
    expect(result.runs[0]).toMatchObject({ name: "first", training_rows: 28, seconds: 1.5, samples_per_s: 8 });
    expect(result.notes).toEqual([]);
  });

  test("prints tables and a verdict in words", async () => {
    const { code, out, err } = await compare(first, second);
    expect(code, err).toBe(0);
    expect(out).toMatch(/^setting +first +second\nlora\.rank +8 +4\n/);
    expect(out).toContain(
      "second scores higher than first, and both tests say that chance alone would hardly do this.",
    );
    expect(out).toContain("7 rows are right in one run and wrong in another");
  });

  test("--md prints Markdown", async () => {
    const { out } = await compare(first, second, "--md");
    expect(out).toMatch(/^# Runs compared\n\nAnswers to val, 10 rows/);
    expect(out).toContain("| setting | first | second |\n| --- | --- | --- |\n| lora.rank | 8 | 4 |");
  });

  test("--html holds the pictures, and what stands for one that is missing; --svg writes the charts", async () => {
    const [html, svg] = [join(folder, "compare.html"), join(folder, "charts")];
    expect((await compare(first, second, "--html", html, "--svg", svg)).code).toBe(0);
    expect(printed.err).toContain(`page: ${html}`);
    expect(readFileSync(html, "utf8").match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(7);
    expect(readdirSync(svg)).toContain("loss-by-step.svg");

    const blind = ["first", "second"].map((name, i) =>
      writeRun(join(folder, "blind"), name, { answers: answers(i), sets: [`data.images=${folder}`] }),
    );
    expect((await compare(...blind, "--html", html)).code).toBe(0);
    expect(readFileSync(html, "utf8")).toMatch(/<div class="missing">no picture: .*no such image/);
  });

  test("runs of one name are called by their paths", async () => {
    const twin = writeRun(join(folder, "elsewhere"), "first", { answers: answers(3) });
    const { runs } = await compareJson(first, twin);
    expect(runs.map(({ name }: { name: string }) => name)).toEqual([first, twin]);
  });
});

describe("amlc compare tells of", () => {
  const notesOf = async (...runs: readonly string[]) => (await compareJson(...runs)).notes.join("\n");

  test("a run without answers, and the command that makes them", async () => {
    const path = writeRun(folder, "unasked", {});
    expect(await notesOf(first, path)).toBe(
      `unasked: has no answers to compare: to make them, amlc eval --run ${path} --split val`,
    );
  });

  test("a run that is not finished, one that has not begun, and losses that are no numbers", async () => {
    const halted = writeRun(folder, "halted", {
      sets: ["train.max_steps=9"],
      losses: [3, null, 2],
      answers: answers(1),
    });
    const unbegun = writeRun(folder, "unbegun", { losses: [], answers: answers(1) });
    const notes = await notesOf(halted, unbegun);
    expect(notes).toContain(`halted: not finished, 3 of 9 steps: to go on, amlc train --resume ${halted}`);
    expect(notes).toContain("halted: steps with a loss that is no number, which the curve leaves out: 1");
    expect(notes).toContain(`unbegun: no step was taken yet`);
  });

  test("a run that is being trained, which nobody has to go on with", async () => {
    const path = writeRun(folder, "busy", { sets: ["train.max_steps=9"], answers: answers(1) });
    using _trainer = await lockFolder(path, TRAINING);
    expect(await notesOf(first, path)).toBe("busy: is being trained at this moment, 3 of 9 steps so far");
  });

  test("lines of a history that are no record", async () => {
    const path = writeRun(folder, "scarred", { answers: answers(1) });
    appendFileSync(join(path, "history.jsonl"), 'what\n{"step":4,"loss":1}\n');
    expect(await notesOf(first, path)).toBe("scarred: lines of its history that are no record, which are left out: 1");
  });

  test("rows that differ", async () => {
    const other = writeRun(folder, "other-rows", { answers: answers(4).slice(3) });
    expect(await notesOf(first, other)).toContain("compared on the 7 that all have");
  });

  test("training rows that are gone", async () => {
    const moved = writeRun(folder, "moved", { sets: ["data.train=gone.csv"], answers: answers(4) });
    const { notes, runs } = await compareJson(moved, first);
    expect(notes.join("\n")).toContain("moved: gone.csv: could not be read: no such file");
    expect(runs[0]).toMatchObject({ training_rows: null, score: { unseen_values: null } });
  });

  test("a configuration that this version does not know", async () => {
    const old = writeRun(folder, "old", { answers: answers(4) });
    appendFileSync(join(old, "config.yaml"), "colour: green\n");
    const { notes, differences } = await compareJson(old, first);
    expect(notes.join("\n")).toContain("unknown key colour");
    expect(differences).toContainEqual({ key: "colour", values: ["green", null] });
  });

  test("answers that a spreadsheet must not run are shown as they were given", async () => {
    const path = writeRun(folder, "formula", { answers: [[0, entities[0]!, "=1+1", truths[0]!]] });
    const { disagreements } = await compareJson(first, path);
    expect(disagreements.shown[0].answers[1]).toEqual({ run: "formula", answer: "=1+1", is_right: false });
  });
});

describe("amlc compare refuses", () => {
  test.each([
    ["no run at all", [], "Not enough non-option arguments", "see --help"],
    ["a run that is not there", [first, join(folder, "frist")], "there is no such run", 'did you mean "first"?'],
    ["a run given twice", [first, `${first}/../first`], `the same run as ${first}`, "name each run once"],
    ["Markdown and JSON at once", [first, "--md", "--json"], "--md and --json both", "give one of them"],
    [
      "a page where none can be",
      [first, "--html", join(folder, "no", "x.html")],
      "could not be written",
      "create the folder",
    ],
  ])("%s", async (_, args, message, hint) => {
    const { code, err } = await compare(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain(`hint: `);
    expect(err).toContain(hint);
  });
});
