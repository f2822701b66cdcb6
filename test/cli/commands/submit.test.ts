import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { image, startImageServer, status } from "../../support/image-server.ts";
import { SHIPPED, tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder(FAST_FOLDER);
const [table, submission] = [join(folder, "test.csv"), join(folder, "submission.csv")];
const NAMES = ["51bQPPtMqYL.jpg", "61wzlucTREL.jpg", "gone.jpg"];

beforeAll(async () => {
  const rows = writeQuickRows(join(folder, "rows.csv"));
  await train(tinyConfig(folder, `data.train=${rows}`, "train.max_steps=1", "train.warmup_steps=0", "run.name=young"));
});

test("amlc submit fetches, answers, cleans and checks, and sums up; settings of all stages go by --set", async () => {
  await using server = await startImageServer();
  const links = NAMES.map((name) => {
    const isThere = name !== "gone.jpg";
    return server.serve(`/${name}`, isThere ? image(readFileSync(join(SHIPPED, "images", name))) : status(410));
  });
  const rows = links.map((link, i) => `${i},${link},1,item_weight`);
  writeFileSync(table, ["index,image_link,group_id,entity_name", ...rows, ""].join("\n"));
  const sets = ["--set", "eval.batch=2", "--set", "download.retries=0", "--set", "answers.number=float"];
  const args = ["submit", table, "--run", join(folder, "young"), "-o", submission, "--allow-private", ...sets];

  expect(await runProgram(args), printed.err).toBe(0);
  expect(printed.err).toContain("photographs: 2 of 3 there, 1 missing");
  expect(printed.err).toMatch(/1: .*410.*, as http.*gone\.jpg/);
  expect(printed.err).toMatch(/rows that cannot be asked about: 1, each in .*faults\.csv\n {2}line 4: .*no such image/);
  expect(printed.err).toMatch(/submission\.csv: 3 rows, \d answered.*; the challenge's check finds no fault/);
  expect(await runProgram(["sanity", submission, "--test", table])).toBe(0);

  printed.out = "";
  expect(await runProgram([...args, "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({
    rows: 3,
    faults: [{ line: 4 }],
    kept: ["download", "predict", "clean"],
  });
});

test("private addresses are not asked unless that is allowed: then no row has its photograph", async () => {
  await using server = await startImageServer();
  const link = server.serve("/a.jpg", image(readFileSync(join(SHIPPED, "images", NAMES[0]!))));
  writeFileSync(table, `index,image_link,entity_name\n0,${link},item_weight\n`);
  const output = join(folder, "none.csv");
  expect(await runProgram(["submit", table, "--run", join(folder, "young"), "-o", output])).toBe(2);
  expect(printed.err).toContain("not one of its 1 rows has its photograph");
  expect(server.requests.size).toBe(0);
});

test("its help lists the settings of downloads and of the answers' form", async () => {
  expect(await runProgram(["submit", "--help"])).toBe(0);
  expect(printed.out).toContain("download.hosts");
  expect(printed.out).toContain("answers.range");
  expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
