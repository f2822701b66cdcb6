import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { random } from "../../../src/util/random.ts";
import { amlc, type Started, startAmlc } from "../../support/cli.ts";
import { SHIPPED, tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder(FAST_FOLDER);
const ENTITIES = ["width", "height", "depth", "item_weight"];
const DIVIDED = /\d+ parts?, \d+ at once/;
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");

/** Each shipped photograph is asked about often, so that there is time to be killed in. */
beforeAll(async () => {
  const [header, ...rows] = readFileSync(join(SHIPPED, "val.csv"), "utf8").trimEnd().split("\n");
  const asked = ENTITIES.flatMap((entity) => rows.map((row) => row.replace(/^([^,]*,[^,]*),[^,]*/, `$1,${entity}`)));
  const lines = asked.map((row, i) => `${i},${row}`);
  writeFileSync(join(folder, "test.csv"), [`index,${header}`, ...lines, ""].join("\n"));
  const quick = writeQuickRows(join(folder, "rows.csv"));
  await train(
    tinyConfig(folder, `data.train=${quick}`, "train.max_steps=2", "train.warmup_steps=0", "run.name=learnt"),
  );
  await answered("whole.csv", "--parts", "1");
});

const ROWS = 10 * ENTITIES.length;
const args = (output: string, ...more: readonly string[]) => {
  const images = ["--images", join(SHIPPED, "images")];
  return ["predict", "test.csv", "--run", "./learnt", ...images, "-o", output, ...more];
};

async function answered(output: string, ...more: readonly string[]) {
  const ended = await amlc(folder, ...args(output, ...more));
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

describe("amlc predict", () => {
  test("answers parts in processes side by side, to the same bytes; given again, it finds all of it done", async () => {
    const two = await answered("two.csv", "--parts", "2", "--at-once", "2");
    expect(two.stderr).toMatch(/^2 parts, 2 at once, 1 thread each: .* GiB are free, a process takes about .* GiB$/m);
    expect(textOf("two.csv")).toBe(textOf("whole.csv"));
    await answered("four.csv", "--at-once", "2", "--set", "eval.batch=3");
    expect(textOf("four.csv")).toBe(textOf("whole.csv"));
    const again = await answered("two.csv", "--parts", "2", "--json");
    expect(again.stderr).toContain(`two.csv: all ${ROWS} rows are answered already`);
    expect(JSON.parse(again.stdout)).toMatchObject({ rows: ROWS, rows_now: 0, faults: [], score: { rows: ROWS } });
  });

  test("killed at random moments and started again ends with the same bytes, and leaves no process behind", async () => {
    const moments = random(7, "predict");
    const size = () => logsOf("killed.csv-work").reduce((sum, file) => sum + statSync(file).size, 0);
    let kills = 0;
    for (let i = 0; i < 5; i++) {
      const started = startAmlc(folder, args("killed.csv", "--at-once", "2", "--set", "eval.batch=1"));
      if (i % 3 === 0) await sleep(moments.int(1500));
      else {
        const before = size();
        await until(() => size() > before, started);
        await sleep(moments.int(40));
      }
      started.process.kill("SIGKILL");
      const { signal } = await started.ended; // standard error is shared: it ends with the last process
      kills += +(signal === "SIGKILL");
    }
    expect(kills).toBeGreaterThan(1);
    await answered("killed.csv", "--set", "eval.batch=1");
    expect(textOf("killed.csv")).toBe(textOf("whole.csv"));
    expect(readdirSync(folder).filter((name) => name.startsWith("killed"))).toEqual(["killed.csv", "killed.csv-work"]);
    const left = readdirSync(join(folder, "killed.csv-work"), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /\.(lock|tmp)$/.test(name))).toEqual([]);
  });

  test("goes on with the other parts when a process dies, and says which one did and how to go on", async () => {
    const started = startAmlc(folder, args("hurt.csv", "--parts", "3", "--at-once", "3"));
    const pid = await processOf("hurt.csv-work", 2, started);
    process.kill(pid, "SIGKILL");
    const { code, stderr } = await started.ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(
      /error: part 2: its process was ended by SIGKILL\nhurt\.csv: \d+ of 40 rows are answered; the same/,
    );
    expect(stderr).toContain("hint: the memory may have run out: start the same command again");
    const done = Number(/(\d+) of 40 rows are answered; the same/.exec(stderr)![1]);
    expect(done).toBeGreaterThan(ROWS / 2);
    const again = await answered("hurt.csv", "--parts", "3", "--json");
    expect(JSON.parse(again.stdout).rows_now).toBe(ROWS - done);
    expect(textOf("hurt.csv")).toBe(textOf("whole.csv"));
  });

  test("stops after the batch in flight by Ctrl-C, in a terminal's way, and says how to go on", async () => {
    const started = startAmlc(folder, args("stopped.csv", "--at-once", "2", "--set", "eval.batch=1"));
    const pid = await processOf("stopped.csv-work", 1, started);
    process.kill(pid, "SIGINT"); // every process of a terminal gets it
    started.process.kill("SIGINT");
    const { code, stdout, stderr } = await started.ended;
    expect(code, stderr).toBe(130);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/stopped\.csv: stopped; \d+ of 40 rows are answered\nhint: the same command again/);
    await answered("stopped.csv");
    expect(textOf("stopped.csv")).toBe(textOf("whole.csv"));
  });

  test("leaves a folder alone in which another one is at work", async () => {
    const first = startAmlc(folder, args("wanted.csv", "--parts", "2"));
    await first.told(DIVIDED);
    const second = await amlc(folder, ...args("wanted.csv", "--parts", "2"));
    expect([second.code, second.stderr]).toEqual([
      2,
      expect.stringContaining(`wanted.csv-work: process ${first.process.pid} is answering a table in this folder`),
    ]);
    expect((await first.ended).code).toBe(0);
    expect(textOf("wanted.csv")).toBe(textOf("whole.csv"));
  });

  test("answers one part alone, and names the command that joins all of them", async () => {
    const commands: string[] = [];
    for (const part of [1, 2]) {
      const { stderr } = await answered(`machine-${part}.csv`, "--part", `${part}/2`);
      commands.push(/once all 2 parts are answered: amlc (.*)$/m.exec(stderr)![1]!);
    }
    expect(new Set(commands).size).toBe(1);
    const joined = await amlc(folder, ...commands[0]!.split(" "));
    expect(joined.code, joined.stderr).toBe(0);
    expect(textOf("ALL.csv")).toBe(textOf("whole.csv"));
  });

  test.each([
    [["--part", "2"], "--part 2: is not of the form 2/4"],
    [["--part", "2/4", "--parts", "3"], "--part 2/4 and --parts 3 do not agree"],
    [["--parts", "0"], "parts: 0 is no whole number from 1 on"],
    [["--set", "decode.n_bset=2"], "decode.n_bset"],
    [["--run", "./nowhere"], "--run is given more than once"],
  ])("refuses %j", async (more, message) => {
    const [command, , ...rest] = args(join(folder, "refused.csv"), ...more);
    const own = rest.map((arg) => (arg === "./learnt" ? join(folder, "learnt") : arg));
    expect(await runProgram([command!, join(folder, "test.csv"), ...own])).toBe(2);
    expect(printed.err).toContain(message);
  });
});

/** Comes when it is so. @throws Error when the process is over before */
async function until(isSo: () => boolean, { ended }: Started): Promise<void> {
  let stderr: string | undefined;
  ended.then((end) => (stderr = end.stderr));
  while (!isSo()) {
    if (stderr !== undefined) throw new Error(stderr);
    await sleep(3);
  }
}

const filesOf = (work: string) => {
  const path = join(folder, work);
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
};

const logsOf = (work: string) => filesOf(work).filter((file) => file.endsWith(".jsonl"));

/** The process that answers a part, once it does: its lock's name says which. */
async function processOf(work: string, part: number, started: Started): Promise<number> {
  const find = () =>
    filesOf(work)
      .map((file) => new RegExp(`/part${part}-(\\d+)-`).exec(file)?.[1])
      .find((pid) => pid);
  await until(() => find() !== undefined, started);
  return Number(find());
}
