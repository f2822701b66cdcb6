import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { startAmlc } from "../../support/cli.ts";
import { after, image, startImageServer, status } from "../../support/image-server.ts";
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

test("killed at its photographs and at its answers, it goes on to the same bytes and leaves nothing behind", async () => {
  await using server = await startImageServer();
  const [, ...shipped] = readFileSync(join(SHIPPED, "val.csv"), "utf8").trimEnd().split("\n");
  const links = shipped.slice(0, 6).map((row) => {
    const name = row.split(",")[0]!.split("/").at(-1)!;
    return server.serve(`/${name}`, after(20, image(readFileSync(join(SHIPPED, "images", name)))));
  });
  const lines = links.flatMap((link, i) => [`${2 * i},${link},1,width`, `${2 * i + 1},${link},1,item_weight`]);
  writeFileSync(table, ["index,image_link,group_id,entity_name", ...lines, ""].join("\n"));
  const sets = ["eval.batch=1", "engine.threads=1", "download.concurrency=1"].flatMap((set) => ["--set", set]);
  const args = ["submit", table, "--run", join(folder, "young"), "--allow-private", ...sets];
  const start = () => startAmlc(folder, [...args, "-o", "killed.csv", "--parts", "2", "--at-once", "2"]);
  const killWhen = async (isTime: () => boolean) => {
    const started = start();
    while (!isTime() && started.process.exitCode === null) await sleep(2);
    started.process.kill("SIGKILL");
    const { signal, stderr } = await started.ended; // standard error is shared: it ends with the last process
    expect(signal, stderr).toBe("SIGKILL");
  };
  await killWhen(() => server.requests.size > 2);
  const logs = [1, 2].map((part) => join(folder, "killed.csv-work", "predict", `part-${part}.jsonl`));
  await killWhen(() => logs.some((log) => existsSync(log) && statSync(log).size > 0));
  const { code, stderr } = await start().ended;
  expect(code, stderr).toBe(0);
  expect(await runProgram([...args, "-o", join(folder, "whole.csv"), "--parts", "1"]), printed.err).toBe(0);
  const textOf = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");
  expect(textOf("killed.csv")).toBe(textOf("whole.csv"));
  expect(textOf("killed.csv-work", "raw.csv")).toBe(textOf("whole.csv-work", "raw.csv"));
  const left = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.startsWith("killed"));
  expect(left.filter((name) => /\.(lock|tmp|part)$/.test(name))).toEqual([]);
});

test("its help lists the settings of downloads and of the answers' form", async () => {
  expect(await runProgram(["submit", "--help"])).toBe(0);
  expect(printed.out).toContain("download.hosts");
  expect(printed.out).toContain("answers.range");
  expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
