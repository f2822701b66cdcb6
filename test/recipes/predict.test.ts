import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readTable } from "../../src/data/table.ts";
import { createTable } from "../../src/data/table-write.ts";
import { joinTables } from "../../src/recipes/data/parts.ts";
import { evaluate } from "../../src/recipes/evaluate.ts";
import { type PredictOptions, predict } from "../../src/recipes/predict.ts";
import { scoreFiles } from "../../src/recipes/score.ts";
import { train } from "../../src/recipes/train.ts";
import { InterruptedError } from "../../src/util/errors.ts";
import { SHIPPED, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const images = join(SHIPPED, "images");
const run = join(folder, "learnt");
const [HEADER, ...ROWS] = readFileSync(join(SHIPPED, "val.csv"), "utf8").trimEnd().split("\n");
/** The shipped validation rows, which have a truth, with indices that are not their row numbers. */
const table = writeRows("test.csv", ROWS);
/** The largest number that Linux gives, as good as never. */
const NOBODY = 4_194_303;
let tries = 0;
/** Their answers, as one part. */
let whole: { readonly file: string; readonly text: string };

function writeRows(name: string, rows: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, [`index,${HEADER}`, ...rows.map((row, i) => `${7 * i + 3},${row}`), ""].join("\n"));
  return file;
}

/** Answers into a folder of its own, unless it is given. */
function answer(options: Partial<PredictOptions> = {}) {
  const output = options.output ?? join(folder, `raw-${tries++}.csv`);
  return predict({ test: table, run, images, parts: 1, ...options, output });
}

const textOf = (file: string) => readFileSync(file, "utf8");

beforeAll(async () => {
  const rows = writeQuickRows(join(folder, "rows.csv"));
  const learn = ["train.max_steps=40", "train.lr=0.02", "run.name=learnt"];
  await train(tinyConfig(folder, `data.train=${rows}`, `data.val=${rows}`, ...learn));
  const { file } = await answer();
  whole = { file, text: textOf(file) };
});

describe("answers to a test table", () => {
  test("stand in its order, with the confidence that evaluation gives them, and are scored where the truth is known", async () => {
    const { file, score, ...report } = await answer();
    const answers = await readTable(file);
    const answered = answers.column("prediction").filter((text) => text !== "").length;
    expect(report).toMatchObject({ rows: ROWS.length, rows_now: ROWS.length, answered, blank: 0, faults: [] });
    expect(answered).toBeGreaterThan(5);
    expect(answers.columns).toEqual(["index", "entity_name", "prediction", "confidence"]);
    expect(answers.column("index")).toEqual(ROWS.map((_, i) => String(7 * i + 3)));
    const evaluation = await evaluate({ run, split: table, sets: [`data.images=${images}`] });
    expect(answers.column("prediction")).toEqual(evaluation.predictions.map(({ prediction }) => prediction));
    const confidences = evaluation.predictions.map(({ confidence }) => confidence.toFixed(4));
    expect(answers.column("confidence")).toEqual(confidences);
    expect(score).toEqual(evaluation.score);
  });

  test("are the same bytes however many parts and rows at a time", async () => {
    for (const [parts, batch] of [
      [1, 3],
      [2, 1],
      [4, 8],
    ] as const) {
      const { file } = await answer({ parts, sets: [`eval.batch=${batch}`] });
      expect(textOf(file), `${parts} parts, batch ${batch}`).toBe(whole.text);
    }
  });

  test.each([".csv.gz", ".parquet"])("of a %s table are those of the CSV", async (ending) => {
    const [from, path] = [await readTable(table), join(folder, `other${ending}`)];
    const columns = from.columns.filter((name) => name !== "entity_value");
    const writer = await createTable(path, columns);
    await writer.write(columns.map((name) => from.column(name)));
    await writer.commit();
    const { file, score } = await answer({ test: path });
    expect(score).toBeNull();
    expect(textOf(file)).toBe(whole.text);
  });

  test("do not depend on what the table says the truth is", async () => {
    const spelt = ROWS.map((row) => row.replace(/[^,]*$/, "<eos> 1 gram"));
    const { file, faults } = await answer({ test: writeRows("spelt.csv", spelt) });
    expect(faults).toEqual([]);
    expect(textOf(file)).toBe(whole.text);
  });

  test("stand by their index as the table spells it, so that score and join find it there", async () => {
    const spelt = textOf(table).replace(/^(\d+),/gm, (_, index: string) => `${index.padStart(4, "0")},`);
    const test = join(folder, "spelt-indices.csv");
    writeFileSync(test, spelt);
    const { file, score } = await answer({ test });
    expect((await readTable(file)).column("index")).toEqual(ROWS.map((_, i) => String(7 * i + 3).padStart(4, "0")));
    expect(await scoreFiles({ predictions: file, truth: test })).toEqual(score);
  });

  test("come with the next best ones, where they are wanted", async () => {
    const { file } = await answer({ sets: ["decode.n_best=3"] });
    const answers = await readTable(file);
    const [confidences, alternatives] = [answers.column("confidence"), answers.column("alternatives")];
    for (const [row, text] of alternatives.entries()) {
      const others = JSON.parse(text) as { prediction: string; confidence: number }[];
      const descending = [Number(confidences[row]), ...others.map(({ confidence }) => confidence)];
      expect(descending).toEqual([...descending].sort((a, b) => b - a));
      expect(others.length).toBeGreaterThan(0);
    }
  });

  test("are left blank below decode.min_confidence; another one asks no row again", async () => {
    const output = join(folder, "shy.csv");
    const before = await answer({ output });
    const all = await readTable(output);
    const confidences = all.column("confidence").map(Number);
    const middle = [...confidences].sort((a, b) => a - b)[confidences.length >> 1]! + 0.00005;
    const report = await answer({ output, sets: [`decode.min_confidence=${middle}`] });
    const shy = await readTable(output);
    expect(shy.column("confidence")).toEqual(all.column("confidence"));
    const kept = all.column("prediction").map((text, row) => (confidences[row]! > middle ? text : ""));
    expect(shy.column("prediction")).toEqual(kept);
    const answered = kept.filter((text) => text !== "").length;
    expect(report).toMatchObject({ rows_now: 0, answered, blank: before.answered - answered });
    expect(report.blank).toBeGreaterThan(0);
  });
});

describe("a row that cannot be asked about", () => {
  const photographs = join(folder, "photographs");
  const output = join(folder, "faulty.csv");
  const link = (row: string) => row.split(",")[0]!.split("/").at(-1)!;
  const [missing, broken] = [link(ROWS[1]!), link(ROWS[2]!)];
  const rows = [...ROWS.slice(0, 4), ROWS[0]!.replace(/item_weight|item_volume/, "item_wieght")];

  test("has an empty answer, and is listed with its line and the reason", async () => {
    cpSync(images, photographs, { recursive: true });
    rmSync(join(photographs, missing));
    const bytes = readFileSync(join(images, broken));
    writeFileSync(join(photographs, broken), bytes.subarray(0, bytes.length >> 1));
    const file = writeRows("faulty-rows.csv", rows);
    const report = await answer({ test: file, images: photographs, output, parts: 2 });
    expect(report).toMatchObject({ rows: 5, rows_now: 5, blank: 0 });
    expect(report.faults).toEqual([
      { line: 3, index: 10, reason: expect.stringMatching(/: no such image$/) },
      { line: 4, index: 17, reason: expect.stringContaining("is no image that can be read") },
      { line: 6, index: 31, reason: expect.stringContaining('unknown entity_name "item_wieght"') },
    ]);
    const listed = await readTable(report.faults_file!);
    expect(listed.column("line")).toEqual(["3", "4", "6"]);
    const lines = textOf(output).trimEnd().split("\n");
    const empty = (index: number, line: string) => expect(line).toMatch(new RegExp(`^${index},item_\\w+,,$`));
    for (const [index, line] of [
      [10, lines[2]],
      [17, lines[3]],
      [31, lines[5]],
    ] as const)
      empty(index, line!);
    expect([lines[1], lines[4]]).toEqual([whole.text.split("\n")[1], whole.text.split("\n")[4]]);
  });

  test("is asked about once its photograph is there, and no other row is", async () => {
    const again = { test: join(folder, "faulty-rows.csv"), images: photographs, output, parts: 2 };
    expect(await answer(again)).toMatchObject({ rows_now: 0, faults: { length: 3 } });
    copyFileSync(join(images, missing), join(photographs, missing));
    copyFileSync(join(images, broken), join(photographs, broken));
    const report = await answer(again);
    expect(report).toMatchObject({ rows_now: 2, faults: [{ line: 6 }] });
    const expected = textOf((await answer()).file)
      .split("\n")
      .slice(0, 5);
    expect(textOf(output).split("\n").slice(0, 5)).toEqual(expected);
  });

  test("is one whose file is the photograph of another link, whichever part it is in, until a download says it is its own", async () => {
    const shared = join(folder, "shared");
    cpSync(images, shared, { recursive: true });
    const [own, other] = ["1", "2"].map((id) => ROWS[0]!.replace(",", `?id=${id},`));
    const linkOf = (row: string) => row.split(",")[0]!;
    const file = writeRows("shared.csv", [own!, ROWS[1]!, ROWS[2]!, other!]);
    const asked = { test: file, images: shared, output: join(folder, "shared-answers.csv"), parts: 2 };
    const reason = (owner: string) => expect.stringContaining(` is that of ${owner}`);
    expect(await answer(asked)).toMatchObject({
      faults: [{ line: 5, index: 24, reason: reason(linkOf(own!)) }],
    });
    const [, answered, , , empty] = textOf(asked.output).split("\n");
    expect(answered).toBe(whole.text.split("\n")[1]);
    expect(empty).toMatch(/^24,item_\w+,,$/);
    const name = link(ROWS[0]!);
    const entry = { link: linkOf(other!), file: name, status: "ok", bytes: statSync(join(shared, name)).size };
    const line = JSON.stringify({ ...entry, sha256: null, reason: null, attempts: 1 });
    writeFileSync(join(shared, "manifest.jsonl"), `${line}\n`);
    expect(await answer(asked)).toMatchObject({
      rows_now: 2,
      faults: [{ line: 2, index: 3, reason: reason(linkOf(other!)) }],
    });
    expect(textOf(asked.output).split("\n")[4]).toBe(answered!.replace(/^3,/, "24,"));
  });

  test("is every row where the folder is the wrong one, which is refused", async () => {
    await expect(answer({ images: join(folder, "learnt") })).rejects.toThrow(
      /not one of its \d+ rows has its photograph/,
    );
  });
});

describe("a test table is refused, before anything is loaded,", () => {
  test.each([
    ["an index that stands twice", "3", "line 3: index 3 stands again, first on line 2"],
    ["no index", "", "line 3: there is no index"],
    ["an index that is no whole number", "4.5", 'line 3: index "4.5" is no whole number'],
  ])("with %s", async (_, cell, message) => {
    const file = join(folder, "odd.csv");
    writeFileSync(file, textOf(table).replace("\n10,", `\n${cell},`));
    await expect(answer({ test: file, run: "no-such-run" })).rejects.toThrow(message);
  });

  test("with fewer images than parts; spaces around a link make no other image of it", async () => {
    await expect(answer({ parts: 99 })).rejects.toThrow("has 9 images, too few for 99 parts");
    const spaced = writeRows("spaced.csv", [...ROWS, ...ROWS.map((row) => row.replace(",", " ,"))]);
    await expect(answer({ test: spaced, parts: 10 })).rejects.toThrow("has 9 images, too few for 10 parts");
    await expect(answer({ test: spaced, parts: 10 })).rejects.toMatchObject({ hint: "make at most --parts 9" });
  });
});

describe("the folder of what is answered so far", () => {
  test("lets a stopped call go on where it was, to the same bytes; a line half written is cut off", async () => {
    const output = join(folder, "stopped.csv");
    const controller = new AbortController();
    const observer = { answered: (done: number) => void (done >= 3 && controller.abort()) };
    const options = { output, parts: 2, sets: ["eval.batch=1"] };
    await expect(answer({ ...options, observer, signal: controller.signal })).rejects.toThrow(InterruptedError);
    expect(existsSync(output)).toBe(false);
    appendFileSync(join(`${output}-work`, "part-1.jsonl"), '[{"index":3,"te');
    const report = await answer(options);
    expect(report.rows_now).toBe(ROWS.length - 3);
    expect(textOf(output)).toBe(whole.text);
    expect(await answer(options)).toMatchObject({ ...report, rows_now: 0 });
    expect(readdirSync(`${output}-work`).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test("is rid of what killed calls had begun to write", async () => {
    const output = join(folder, "swept.csv");
    await answer({ output });
    const begun = [
      output,
      join(`${output}-work`, "plan.json"),
      join(`${output}-work`, "amlc-parts", "test-parts.json"),
    ];
    const files = begun.map((file) => `${file}.${NOBODY}-0a1b2c3d.tmp`);
    for (const file of files) writeFileSync(file, "");
    await answer({ output });
    expect(files.filter((file) => existsSync(file))).toEqual([]);
    expect(textOf(output)).toBe(whole.text);
  });

  test("is not mixed with another plan's: what differs is told, and --fresh begins anew", async () => {
    const output = join(folder, "taken.csv");
    await answer({ output });
    const other = { output, parts: 2, sets: ["eval.max_new_tokens=3"] };
    await expect(answer(other)).rejects.toThrow(
      /holds the answers of another plan\n {2}eval\.max_new_tokens: 10 there, now 3\n {2}parts: 1 there, now 2$/,
    );
    const fewer = writeRows("fewer.csv", ROWS.slice(1));
    await expect(answer({ output, test: fewer })).rejects.toThrow(/test_sha256: [0-9a-f]{12} there, now [0-9a-f]{12}/);
    expect(await answer({ ...other, test: fewer, fresh: true })).toMatchObject({ rows_now: ROWS.length - 1 });
  });

  test("is not mixed with answers to other photographs or of another backend", async () => {
    const output = join(folder, "photographed.csv");
    await answer({ output });
    const others = join(folder, "other-photographs");
    cpSync(images, others, { recursive: true });
    const told = answer({ output, images: others, sets: ["engine.backend=wasm"] });
    await expect(told).rejects.toThrow(
      `\n  images: ${images} there, now ${others}\n  engine.backend: auto there, now wasm`,
    );
  });

  test("whose log is damaged is not guessed at", async () => {
    const output = join(folder, "damaged.csv");
    await answer({ output });
    const log = join(`${output}-work`, "part-1.jsonl");
    writeFileSync(log, `{"index":3}\n${textOf(log)}`);
    await expect(answer({ output })).rejects.toThrow(`${log}:1`);
  });
});

describe("one part alone", () => {
  test("is answered as in the whole, and joining all of them gives the whole", async () => {
    const home = join(folder, "machines");
    const files = [1, 2, 3].map((part) => join(folder, `machine-${part}.csv`));
    const manifests = new Set<string | null>();
    for (const [i, output] of files.entries()) {
      const report = await answer({ output, parts: 3, part: i + 1 });
      expect(report.rows).toBeLessThan(ROWS.length);
      manifests.add(report.manifest);
    }
    expect([...manifests]).toEqual([join(folder, "test-parts.json")]);
    await joinTables({ files, manifest: join(folder, "test-parts.json"), output: `${home}.csv` });
    expect(textOf(`${home}.csv`)).toBe(whole.text);
    await expect(answer({ output: join(folder, "machine-4.csv"), parts: 4, part: 4 })).rejects.toThrow(
      "test-parts.json: is of another table, or of another number of parts",
    );
    await expect(answer({ parts: 3, part: 4 })).rejects.toThrow("part 4 of 3: there is no such part");
  });
});
