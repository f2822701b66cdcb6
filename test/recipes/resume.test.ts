import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { resume, train } from "../../src/recipes/train.ts";
import { InterruptedError } from "../../src/util/errors.ts";
import { type Random, random } from "../../src/util/random.ts";
import { amlc, type Ended, type Started, startAmlc } from "../support/cli.ts";
import { relativeError } from "../support/errors.ts";
import { adapterBytes, historyOf, SHIPPED, tinyConfig, trainTiny, writeQuickRows } from "../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
const quickRows = writeQuickRows(join(folder, "quick.csv"));
const FIRST_STEP = /^\d+\/\d+ steps {2}loss/m;

/** Everything that could go wrong: order, dropout, evaluation, accumulation over the end of an epoch. */
const RESTLESS = [
  `data.train=${quickRows}`,
  "lora.dropout=0.3",
  "eval.every=3",
  "eval.max_rows=3",
  "train.max_steps=11",
  "train.save_every=4",
];

describe("a run that is interrupted and resumed", () => {
  test("ends as the undisturbed run: adapter, best adapter, state and history", async () => {
    const whole = await train(tinyConfig(folder, ...RESTLESS, "run.name=whole"));
    const path = await trainUntil(5, "stopped-at-5", RESTLESS);
    expect(historyOf(path)).toHaveLength(5);
    expect(await resume(path)).toEqual({ ...whole, run: path });
    expect(historyOf(path)).toEqual(historyOf(whole.run));
    expect(adapterBytes(path, "best")).toEqual(adapterBytes(whole.run, "best"));
    for (const name of ["adapter_model.safetensors", "optimizer.safetensors", "trainer.json"]) {
      const [file, expected] = [path, whole.run].map((run) => readFileSync(join(run, "checkpoints", "last", name)));
      expect(file, name).toEqual(expected);
    }
  });

  test("goes on with the loss's scale, to the same end", async () => {
    // So large that the scaled loss is infinity at first.
    const scaled = ["train.loss_scale=1e38", "train.loss_scale_growth_interval=3", ...RESTLESS];
    const whole = await train(tinyConfig(folder, ...scaled, "run.name=whole-scaled"));
    const path = await trainUntil(5, "stopped-scaled", scaled);
    await resume(path);
    expect(historyOf(path)).toEqual(historyOf(whole.run));
    expect(historyOf(path).at(-1)!.skipped_steps).toBe(2);
    expect(adapterBytes(path)).toEqual(adapterBytes(whole.run));
  });

  test("and is over stays as it is", async () => {
    const config = tinyConfig(folder, "train.max_steps=2", "train.warmup_steps=0", "run.name=over");
    const result = await train(config);
    const before = [adapterBytes(result.run), historyOf(result.run)];
    expect(await resume(result.run)).toEqual(result);
    expect([adapterBytes(result.run), historyOf(result.run)]).toEqual(before);
  });

  test("and has stopped for want of patience stays stopped", async () => {
    const patient = ["eval.every=1", "eval.max_rows=1", "eval.patience=2", "train.max_steps=9"];
    const result = await train(tinyConfig(folder, ...patient, "run.name=patient"));
    expect(result.steps).toBe(3);
    expect(await resume(result.run)).toEqual(result);
  });

  test("forgets steps after its checkpoint, a line half written and a checkpoint half replaced", async () => {
    const path = await trainUntil(3, "torn", RESTLESS);
    appendFileSync(join(path, "history.jsonl"), '{"step":4,"loss":1}\n{"step":5,"lo');
    cpSync(join(path, "checkpoints", "last"), join(path, "checkpoints", "last.new"), { recursive: true });
    copyFileSync(join(path, "config.yaml"), join(path, "checkpoints", "last.new", "adapter_model.safetensors"));
    await resume(path);
    expect(historyOf(path)).toEqual(historyOf(join(folder, "whole")));
    expect(adapterBytes(path)).toEqual(adapterBytes(join(folder, "whole")));
    expect(readdirSync(join(path, "checkpoints")).sort()).toEqual(["best", "last"]);
  });

  test("goes on with another engine, to nearly the same end, and its configuration says so", async () => {
    const path = await trainUntil(9, "moved-on", RESTLESS);
    await resume(path, { sets: ["engine.name=reference", "engine.threads=null"] });
    const [record, expected] = [path, join(folder, "whole")].map((run) => historyOf(run));
    expect(record!.slice(0, 9)).toEqual(expected!.slice(0, 9));
    expect(record!.map(({ step }) => step)).toEqual(expected!.map(({ step }) => step));
    const losses = [record, expected].map((history) => history!.slice(9).map(({ loss }) => loss as number));
    expect(losses[0]).not.toEqual(losses[1]);
    expect(relativeError(losses[0]!, losses[1]!)).toBeLessThan(1e-4);
    expect(loadConfig({ config: join(path, "config.yaml") }).engine).toMatchObject({
      name: "reference",
      threads: null,
    });
  });

  test("goes on only over the rows it began with", async () => {
    const rows = join(folder, "rows.csv");
    copyFileSync(join(SHIPPED, "train.csv"), rows);
    const path = await trainUntil(1, "moved", [`data.train=${rows}`]);
    const last = adapterBytes(path);
    appendFileSync(rows, readFileSync(rows, "utf8").split("\n")[1]!);
    const { code, stderr } = await amlc(folder, "train", "--resume", path);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${rows} changed since the run was started`)]);
    expect(stderr).toMatch(/hint: put the file back/);
    expect(adapterBytes(path)).toEqual(last);
    rmSync(join(path, "environment.json"));
    await expect(resume(path)).rejects.toThrow(`${join(path, "environment.json")}: no such file`);
  });

  test.each([
    ["alpha", "alpha: 16", "alpha: 32", /this adapter has alpha 16, the configuration lora\.alpha 32$/],
    ["rank", "rank: 8", "rank: 16", /this adapter has rank 8, the configuration lora\.rank 16$/],
    ["dropout", "dropout: 0", "dropout: 0.5", /this adapter has dropout 0, the configuration lora\.dropout 0\.5$/],
    ["targets", "    - q_proj\n", "", /it has \d+ that lora\.targets does not name: /],
  ])(
    "is not trained on by another lora.%s than its adapter's, and keeps its checkpoint",
    async (key, from, to, message) => {
      const path = await trainUntil(1, `edited-${key}`, [`data.train=${quickRows}`]);
      const checkpoint = () =>
        ["adapter_model.safetensors", "adapter_config.json"].map((name) =>
          readFileSync(join(path, "checkpoints", "last", name)),
        );
      const before = checkpoint();
      const text = readFileSync(join(path, "config.yaml"), "utf8");
      expect(text).toContain(from);
      writeFileSync(join(path, "config.yaml"), text.replace(from, to));
      await expect(resume(path)).rejects.toMatchObject({
        message: expect.stringMatching(message),
        hint: expect.stringContaining(`set lora.${key} to `),
      });
      expect(checkpoint()).toEqual(before);
      await expect(resume(path, { sets: ["lora.alpha=1"] })).rejects.toMatchObject({
        hint: expect.stringMatching(/start a new run/),
      });
    },
  );
});

/** Trains until a step is taken and then aborts. @returns the path of the run */
async function trainUntil(stop: number, name: string, sets: readonly string[]): Promise<string> {
  const controller = new AbortController();
  const observer = { step: ({ step }: { step: number }) => void (step === stop && controller.abort()) };
  const config = tinyConfig(folder, ...sets, `run.name=${name}`);
  await expect(train(config, { observer, signal: controller.signal })).rejects.toThrow(InterruptedError);
  return join(folder, name);
}

describe("a process", () => {
  const STEPS = 40;
  const often = [
    `data.train=${quickRows}`,
    "lora.dropout=0.2",
    `train.max_steps=${STEPS}`,
    "train.save_every=1",
    "train.batch=1",
    "run.dir=.",
  ];
  const begin = (name: string) => trainTiny(...often, `run.name=${name}`);

  // 20 kills: a third while the program starts, the others at a random moment of a few steps and their checkpoints.
  test("killed at random moments and resumed ends with the undisturbed run's adapter, byte for byte", async () => {
    const whole = await amlc(folder, ...begin("undisturbed"));
    expect(whole.code, whole.stderr).toBe(0);
    const expected = {
      adapter: adapterBytes(join(folder, "undisturbed")),
      history: historyOf(join(folder, "undisturbed")),
    };
    expect(expected.history).toHaveLength(STEPS);

    const endure = async (name: string) => {
      const moments = random(20, name);
      const path = join(folder, name);
      const start = () => startAmlc(folder, existsSync(path) ? ["train", "--resume", path] : begin(name));
      for (let kills = 0; kills < 5; kills++) {
        const { signal, stderr } = await killSomeTime(start(), moments);
        expect(signal, stderr).toBe("SIGKILL");
      }
      const { code, stderr } = await start().ended;
      expect(code, stderr).toBe(0);
      expect(adapterBytes(path)).toEqual(expected.adapter);
      expect(historyOf(path)).toEqual(expected.history);
    };
    await Promise.all(["a", "b", "c", "d"].map(endure));
  });

  test("told to stop by Ctrl-C saves, names the way to go on and leaves with 130", async () => {
    const started = startAmlc(folder, begin("stopped"));
    await started.told(FIRST_STEP);
    started.process.kill("SIGINT");
    const { code, stdout, stderr } = await started.ended;
    expect(code, stderr).toBe(130);
    expect(stdout).toBe("");
    const step = Number(/stopped and saved after step (\d+) of 40/.exec(stderr)![1]);
    expect(historyOf(join(folder, "stopped"))).toHaveLength(step);
    const command = /hint: go on with: amlc (.*)/.exec(stderr)![1]!.split(" ");
    expect((await amlc(folder, ...command)).code).toBe(0);
    expect(adapterBytes(join(folder, "stopped"))).toEqual(adapterBytes(join(folder, "undisturbed")));
  });

  test("that finds another one training the run leaves it alone", async () => {
    const first = startAmlc(folder, begin("wanted"));
    await first.told(FIRST_STEP);
    first.process.kill("SIGSTOP"); // as slow as can be
    const second = await amlc(folder, "train", "--resume", "./wanted");
    first.process.kill("SIGCONT");
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`wanted: process ${first.process.pid} is training this run`);
    expect((await first.ended).code).toBe(0);
    expect(adapterBytes(join(folder, "wanted"))).toEqual(adapterBytes(join(folder, "undisturbed")));
  });
});

/** Ends the process without warning: up to 0.8 s after its start or, twice as often, shortly after it has told of a step. */
async function killSomeTime(started: Started, moments: Random): Promise<Ended> {
  if (moments.int(3) === 0) await sleep(moments.int(800));
  else {
    await started.told(FIRST_STEP);
    await sleep(moments.int(60));
  }
  started.process.kill("SIGKILL");
  return started.ended;
}
