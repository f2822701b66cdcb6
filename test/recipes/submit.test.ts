import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sanity } from "../../src/recipes/sanity.ts";
import { scoreFiles } from "../../src/recipes/score.ts";
import { type SubmitOptions, type SubmitReport, submit } from "../../src/recipes/submit.ts";
import { train } from "../../src/recipes/train.ts";
import { AmlcError, InterruptedError } from "../../src/util/errors.ts";
import { downloadSettings } from "../support/downloads.ts";
import { first, type ImageServer, image, reset, startImageServer, status } from "../support/image-server.ts";
import { SHIPPED, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const table = join(folder, "test.csv");
const [, ...ROWS] = readFileSync(join(SHIPPED, "val.csv"), "utf8").trimEnd().split("\n");
const NAMES = ROWS.map((row) => row.split(",")[0]!.split("/").at(-1)!);
const answers = { range: "max", pack: "each", unit: "convert", number: "keep", unknown: "empty" } as const;
const photograph = (row: number) => image(readFileSync(join(SHIPPED, "images", NAMES[row]!)));
let server: ImageServer;

/** Seven rows: the photograph of one is not there, another server hangs up once, a third sends no photograph. */
beforeAll(async () => {
  const rows = writeQuickRows(join(folder, "rows.csv"));
  for (const [name, steps] of [
    ["learnt", 40],
    ["young", 1],
  ]) {
    const sets = [`train.max_steps=${steps}`, "train.warmup_steps=0", "train.lr=0.02", `run.name=${name}`];
    await train(tinyConfig(folder, `data.train=${rows}`, ...sets));
  }
  server = await startImageServer();
  const lines = ROWS.slice(0, 7).map((row, i) => {
    const behaviours = [
      photograph(i),
      status(404),
      first(1, reset(Buffer.from("x"), 0), photograph(i)),
      image(Buffer.from("<html>")),
    ];
    const link = server.serve(`/${i}.jpg`, behaviours[i] ?? photograph(i));
    return `${100 + i},${link},${row.split(",").slice(1).join()}`;
  });
  writeFileSync(table, ["index,image_link,group_id,entity_name,entity_value", ...lines, ""].join("\n"));
});

afterAll(() => server[Symbol.asyncDispose]());

function options(output: string, changed: Partial<SubmitOptions> = {}): SubmitOptions {
  const settings = { answers, download: downloadSettings({ allow_private: true, retries: 1 }) };
  const run = join(folder, "learnt");
  return { test: table, run, output: join(folder, output), parts: 1, settings, ...changed };
}

const textOf = (name: string) => readFileSync(join(folder, name), "utf8");
const countRequests = () => [...server.requests.values()].reduce((sum, count) => sum + count, 0);
let report: SubmitReport;

test("a test table becomes a submission that the challenge takes; what is missing is listed", async () => {
  report = await submit(options("submission.csv"));
  expect(report).toMatchObject({ rows: 7, images: { links: 7, there: 5, missing: 2 }, blank: 0, kept: [] });
  expect(report.images.reasons.map(({ images, reason }) => [images, reason])).toEqual([
    [1, expect.stringContaining("404")],
    [1, expect.stringContaining("is no image")],
  ]);
  expect(report.faults.map(({ line, index }) => [line, index])).toEqual([
    [3, 101],
    [5, 103],
  ]);
  const lines = textOf("submission.csv").trimEnd().split("\n");
  expect(lines[0]).toBe("index,prediction");
  expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["100", "101", "102", "103", "104", "105", "106"]);
  expect([lines[2], lines[4]]).toEqual(["101,", "103,"]);
  const files = { predictions: report.file, truth: table };
  expect(report.score).toEqual(await scoreFiles(files));
  expect(await sanity({ submission: report.file, test: table })).toEqual(report.sanity);
  expect(report.sanity).toEqual({ rows: 7, answered: report.answered, faults: [] });
  expect(report.answered).toBeGreaterThan(0);
});

test("the same call again does nothing anew", async () => {
  const before = countRequests();
  expect(await submit(options("submission.csv"))).toEqual({ ...report, kept: ["download", "predict", "clean"] });
  expect(countRequests()).toBe(before);
});

test("a changed setting of the answers' form is applied to the answers that are there", async () => {
  const settings = { ...options("").settings, answers: { ...answers, number: "float" } as const };
  const changed = await submit(options("submission.csv", { settings }));
  expect(changed.kept).toEqual(["download", "predict"]);
  expect(changed.sanity.faults).toEqual([]);
  await submit(options("submission.csv"));
});

test("stopped at its photographs or at its answers it goes on to the same bytes", async () => {
  const stopAt = async (begin: (stop: () => void) => SubmitOptions["observer"]) => {
    const controller = new AbortController();
    const observer = begin(() => controller.abort())!;
    const stopped = submit(options("stopped.csv", { observer, signal: controller.signal, sets: ["eval.batch=1"] }));
    await expect(stopped).rejects.toThrow(InterruptedError);
  };
  await stopAt((stop) => ({ downloaded: ({ done }) => void (done >= 2 && stop()) }));
  await stopAt((stop) => ({ answered: (done) => void (done >= 3 && stop()) }));
  const { kept } = await submit(options("stopped.csv", { sets: ["eval.batch=1"] }));
  expect(kept).toEqual(["download"]);
  expect(textOf("stopped.csv")).toBe(textOf("submission.csv"));
});

test("photographs that could not be fetched are asked for again where that is wanted, and their rows then answered", async () => {
  server.serve("/1.jpg", photograph(1));
  const mended = await submit(options("submission.csv", { retryImages: true }));
  expect(mended).toMatchObject({ images: { there: 6, missing: 1 }, faults: [{ index: 103 }] });
  expect(readFileSync(join(mended.work, "raw.csv"), "utf8")).toMatch(/^101,\w+,.*,[01]\.\d{4}$/m);
});

test("photographs that are gone since, or are cut short, are fetched again", async () => {
  const asked = options("lost.csv", { images: join(folder, "lost") });
  const { there } = (await submit(asked)).images;
  rmSync(join(folder, "lost", "0.jpg"));
  truncateSync(join(folder, "lost", "4.jpg"), 10);
  const before = countRequests();
  expect(await submit(asked)).toMatchObject({ images: { there }, kept: ["predict", "clean"] });
  expect(countRequests() - before).toBeGreaterThanOrEqual(2);
  expect(["0.jpg", "4.jpg"].map((name) => statSync(join(folder, "lost", name)).size)).toEqual(
    [0, 4].map((row) => statSync(join(SHIPPED, "images", NAMES[row]!)).size),
  );
  expect(await submit(asked)).toMatchObject({ kept: ["download", "predict", "clean"] });
});

test("where not one photograph could be fetched, the reasons are told and how to ask again", async () => {
  const gone = join(folder, "gone.csv");
  const links = ["/x.jpg", "/y.jpg"].map((path) => server.serve(path, status(404)));
  writeFileSync(gone, ["index,image_link,entity_name", ...links.map((link, i) => `${i},${link},width`), ""].join("\n"));
  const asked = options("gone-answers.csv", { test: gone });
  for (const _ of ["fetched now", "kept"]) {
    const error = await submit(asked).catch((error: AmlcError) => error);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /gone\.csv: not one of its 2 rows has its photograph in .*\n {2}2: .*404.*, as http/,
      ),
      hint: expect.stringContaining("--retry-images"),
    });
  }
});

test("a submission that would be refused is told of with its faults", async () => {
  const settings = { ...options("").settings, answers: { ...answers, unknown: "keep" } as const };
  const refused = submit(options("refused.csv", { run: join(folder, "young"), settings }));
  const error = await refused.catch((error: AmlcError) => error);
  expect(error).toBeInstanceOf(AmlcError);
  expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining("this submission would be refused") });
  const { sanity: check } = (error as AmlcError).report as SubmitReport;
  expect(check.faults.length).toBeGreaterThan(0);
});

test("what would stop a later stage stops it before a photograph is asked for", async () => {
  const before = countRequests();
  await expect(submit(options("early.csv", { run: join(folder, "lerant") }))).rejects.toThrow("there is no such run");
  await expect(submit(options("early.csv", { sets: ["eval.bacth=1"] }))).rejects.toThrow("eval.bacth");
  await expect(submit(options("early.csv", { rules: join(folder, "none.yaml") }))).rejects.toThrow("none.yaml");
  await expect(submit(options("early.csv", { parts: 99 }))).rejects.toThrow("has 7 images, too few for 99 parts");
  await expect(submit(options("early.csv", { atOnce: 0 }))).rejects.toThrow("at once: 0 is no whole number");
  const moved = submit(options("early.csv", { sets: [`base=${join(folder, "moved")}`] }));
  await expect(moved).rejects.toThrow("moved: the run's base cannot be read");
  for (const own of ["raw.csv", "stages.json"])
    await expect(submit(options(own, { work: folder }))).rejects.toThrow(`${own}: is a file that this command reads`);
  expect(countRequests()).toBe(before);
});
