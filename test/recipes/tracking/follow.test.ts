import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parseConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import { OUTPUT_TYPE } from "../../../src/formats/wandb-record.ts";
import { resume, train } from "../../../src/recipes/train.ts";
import { runFolder } from "../../../src/runs/folder.ts";
import { readOutcome } from "../../../src/runs/outcome.ts";
import { readTrackedRun } from "../../../src/track/run-segments.ts";
import { InterruptedError } from "../../../src/util/errors.ts";
import { exitCodeOf, readRecords, rowsOf, summaryOf } from "../../support/run-logs.ts";
import { historyOf, tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { brokenRules, startWandbServer, type WandbTestServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const rows = writeQuickRows(join(folder, "rows.csv"));
const KEY = "0123456789abcdef0123456789abcdef01234567";

/** Six steps with an evaluation after each third, checkpoints after each second. */
function configOf(name: string, ...sets: readonly string[]): Config {
  const course = ["train.max_steps=6", "train.save_every=2", "eval.every=3", "eval.max_rows=3"];
  const files = [`data.train=${rows}`, `data.val=${rows}`];
  return tinyConfig(folder, `run.name=${name}`, ...files, ...course, "track.wandb.predictions=2", ...sets);
}

/** Paths of a run's logs, one a process. */
const logsOf = async (run: string) => (await readTrackedRun(run))!.segments.map(({ log }) => log);
/** Lines of one stream; protobuf leaves out a stream that is 0. */
const outputOf = (log: string, stream: number) =>
  readRecords(log).flatMap(({ outputRaw }) =>
    outputRaw && (outputRaw.outputType ?? 0) === stream ? outputRaw.line!.split("\n").slice(0, -1) : [],
  );
const stepsOf = (log: string) => rowsOf(log).map(({ _step }) => Number(_step));

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("WANDB_")) vi.stubEnv(name, undefined);
  vi.stubEnv("NETRC", join(folder, "no-netrc"));
});

test("the run's folder alone is the default, and says how training ended", async () => {
  const { run } = await train(configOf("alone"));
  expect(readdirSync(run)).not.toContain("wandb");
  expect(readdirSync(run)).not.toContain("tensorboard");
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "finished", step: 6 });
});

describe("a run that is logged for Weights & Biases", () => {
  let run: string;
  let log: string;
  let records: ReturnType<typeof readRecords>;
  beforeAll(async () => {
    run = (await train(configOf("logged", "track.wandb.mode=offline"))).run;
    [log] = (await logsOf(run)) as [string];
    records = readRecords(log);
  });

  test("has a row for each step, with the history's numbers under names that are grouped", () => {
    const history = historyOf(run);
    const logged = rowsOf(log);
    expect(stepsOf(log)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(logged.map((row) => Number(row["train/loss"]))).toEqual(history.map(({ loss }) => loss));
    expect(Object.keys(logged[0]!)).toEqual(
      expect.arrayContaining(["train/grad_norm", "train/lr", "train/samples_per_s", "train/tokens_per_s", "epoch"]),
    );
  });

  test("has scores over all and by entity after each evaluation, and a table of rows with their pictures", () => {
    const evaluated = rowsOf(log).filter((row) => "eval/f1" in row);
    expect(evaluated.map((row) => row._step)).toEqual(["3", "6"]);
    expect(Object.keys(evaluated[0]!).some((name) => name.startsWith("eval/f1/"))).toBe(true);
    const table = Object.entries(evaluated[0]!).filter(([name]) => name.startsWith("predictions > "));
    expect(Object.fromEntries(table)).toMatchObject({
      "predictions > _type": '"table-file"',
      "predictions > nrows": "2",
      "predictions > ncols": "8",
    });
  });

  test("ends with the best in its summary, the adapter as an artifact, the loss curve, and exit code 0", () => {
    const { "best/f1": f1, "best/step": step } = summaryOf(log);
    expect([Number(f1), Number(step)]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(["3", "6"]).toContain(step);
    const model = records.flatMap(({ artifact }) => artifact ?? []).find(({ type }) => type === "model");
    expect(model).toMatchObject({ name: "logged-adapter", aliases: ["best", "latest"] });
    const files = model!.manifest!.contents!;
    expect(files.map(({ path }) => path)).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    // Linked and not read: weights may be larger than memory, and than what Node hashes at once.
    const { best } = runFolder(run);
    for (const { path, localPath } of files) expect(statSync(localPath!).ino).toBe(statSync(join(best, path)).ino);
    expect(records.flatMap(({ files }) => files?.files ?? []).map(({ path }) => path)).toContain("loss-curve.svg");
    expect(exitCodeOf(log)).toBe(0);
  });

  test("has the configuration whole, and the commit, and no name of user or machine", () => {
    const described = records.find((record) => record.run)!.run!;
    const config = Object.fromEntries(
      described.config!.update!.map(({ key, valueJson }) => [key, JSON.parse(valueJson!)]),
    );
    const { environment, ...rest } = config as { environment: object };
    expect(parseConfig(rest)).toEqual(configOf("logged", "track.wandb.mode=offline"));
    expect(environment).toMatchObject({ seed: 0, platform: expect.any(String) });
    expect(described).not.toHaveProperty("host");
  });

  test("has the lines that were printed: the steps, and the scores between them", () => {
    const lines = outputOf(log, OUTPUT_TYPE.stdout);
    expect(lines.filter((line) => /^[1-6]\/6 steps {2}loss \d\.\d{4}/.test(line))).toHaveLength(6);
    expect(lines.filter((line) => /^val: F1 0\.\d{4}, \d of 3 right$/.test(line))).toHaveLength(2);
  });

  test("trains to the same losses as one that is not", async () => {
    const losses = historyOf(join(folder, "alone")).map(({ loss }) => loss);
    expect(historyOf(run).map(({ loss }) => loss)).toEqual(losses);
  });
});

test("a run that was stopped is logged on from its checkpoint, in a part of its own", async () => {
  const stop = new AbortController();
  const observer = { step: ({ step }: { step: number }) => void (step === 3 && stop.abort()) };
  const config = configOf("stopped", "track.wandb.mode=offline", "track.tensorboard=true");
  await expect(train(config, { observer, signal: stop.signal })).rejects.toThrow(InterruptedError);
  const run = join(folder, "stopped");
  expect(await readOutcome(runFolder(run))).toMatchObject({ outcome: "stopped", step: 3 });
  await resume(run);
  const [first, second] = (await logsOf(run)) as [string, string];
  expect(stepsOf(first)).toEqual([1, 2, 3]);
  expect(stepsOf(second)).toEqual([4, 5, 6]);
  expect(exitCodeOf(first)).toBe(130);
  expect(readRecords(second).find((record) => record.run)!.run).toMatchObject({ branchPoint: { value: 3 } });
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "finished", step: 6 });
  expect(readdirSync(join(run, "tensorboard"))).toHaveLength(2);
});

test("a curve that the disk does not take is told of, and training has ended well all the same", async () => {
  const notes: string[] = [];
  const run = join(folder, "curveless");
  const observer = {
    note: (text: string) => void notes.push(text),
    step: ({ step }: { step: number }) =>
      void (step === 1 && mkdirSync(join(run, "loss-curve.svg", "taken"), { recursive: true })),
  };
  await train(configOf("curveless", "track.wandb.mode=offline"), { observer });
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "finished", step: 6 });
  expect(notes).toContainEqual(expect.stringMatching(/loss-curve\.svg: .*; it is not logged$/));
  const [log] = (await logsOf(run)) as [string];
  expect(exitCodeOf(log)).toBe(0);
});

/** Training whose best checkpoint has been broken when it is over. */
async function trainToBrokenBest(name: string, ...sets: readonly string[]) {
  const notes: string[] = [];
  const observer = {
    note: (text: string) => void notes.push(text),
    step: ({ step }: { step: number }) =>
      void (step === 6 && writeFileSync(join(folder, name, "checkpoints", "best", "checksums.json"), "broken")),
  };
  // So small a rate changes no answer: the first evaluation stays the best one, and nothing is saved over the broken file.
  const { run } = await train(configOf(name, "train.lr=1e-9", ...sets), { observer });
  return { run, notes };
}

test("what was trained and cannot be logged is told of, and training has ended well all the same", async () => {
  const { run, notes } = await trainToBrokenBest("unlogged", "track.wandb.mode=offline");
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "finished", step: 6 });
  expect(notes).toContainEqual(expect.stringMatching(/checksums\.json: .*; it is not logged$/));
  const [log] = (await logsOf(run)) as [string];
  expect(exitCodeOf(log)).toBe(0);
});

test.each([
  ["board", ["track.tensorboard=true"]],
  ["adapterless", ["track.wandb.mode=offline", "track.wandb.adapter=false"]],
])("where nobody wants what was trained, its files are not read: %s", async (name, sets) => {
  const { run, notes } = await trainToBrokenBest(name, ...sets);
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "finished", step: 6 });
  expect(notes.join("\n")).not.toContain("checksums.json");
});

test("a failed run says why, and what was logged is whole", async () => {
  const config = configOf("failed", "track.wandb.mode=offline", "train.lr=1000", "train.max_grad_norm=null");
  const observer = {
    step: ({ step }: { step: number }) => {
      if (step === 2) throw new Error("out of luck");
    },
  };
  await expect(train(config, { observer })).rejects.toThrow("out of luck");
  const run = join(folder, "failed");
  expect(await readOutcome(runFolder(run))).toEqual({ outcome: "failed", step: 2, reason: "out of luck" });
  const [log] = (await logsOf(run)) as [string];
  expect(stepsOf(log)).toEqual([1, 2]);
  expect(outputOf(log, OUTPUT_TYPE.stderr)).toEqual(["out of luck"]);
  expect(exitCodeOf(log)).toBe(1);
});

test("a failed run that cannot write so down gives its own error, and its log is ended", async () => {
  const notes: string[] = [];
  const observer = {
    note: (text: string) => void notes.push(text),
    step: ({ step }: { step: number }) => {
      if (step !== 2) return;
      mkdirSync(join(folder, "speechless", "outcome.json"));
      throw new Error("out of luck");
    },
  };
  await expect(train(configOf("speechless", "track.wandb.mode=offline"), { observer })).rejects.toThrow("out of luck");
  expect(notes).toContainEqual(expect.stringMatching(/not written down: .*outcome\.json/));
  const [log] = (await logsOf(join(folder, "speechless"))) as [string];
  expect(exitCodeOf(log)).toBe(1);
});

describe("online", () => {
  let server: WandbTestServer;
  beforeAll(async () => {
    server = await startWandbServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    vi.stubEnv("WANDB_BASE_URL", server.url);
    vi.stubEnv("WANDB_API_KEY", KEY);
  });

  test("rows, summary, table, artifact and end are at the server when training is over, and no file has the key", async () => {
    const notes: string[] = [];
    const observer = { note: (text: string) => void notes.push(text) };
    const { run } = await train(configOf("online", "track.wandb.mode=online"), { observer });
    expect(server.history().map((row) => row._step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.run()).toMatchObject({ state: "finished", exitCode: 0 });
    expect(JSON.parse(server.run().summary)).toMatchObject({ "best/f1": expect.any(Number) });
    expect(server.artifacts.filter(({ isCommitted }) => !isCommitted)).toEqual([]);
    expect(server.artifacts.map(({ input }) => input.artifactCollectionName)).toContain("online-adapter");
    expect(brokenRules(server.requests)).toEqual([]);
    expect(notes.some((text) => text.includes(server.url))).toBe(true);
    for (const file of readdirSync(run, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(readFileSync(join(file.parentPath, file.name), "latin1")).not.toContain(KEY);
    }
  });

  test("the stop button of the run's page stops training as Ctrl-C does", async () => {
    server.addRun({ name: "pressed1", project: "amlc", isStopped: true });
    const course = ["train.max_steps=2000", "train.save_every=0", "eval.every=0"];
    const config = configOf("button", "track.wandb.mode=online", "track.wandb.id=pressed1", ...course);
    await expect(train(config)).rejects.toThrow(InterruptedError);
    expect(await readOutcome(runFolder(join(folder, "button")))).toMatchObject({ outcome: "stopped" });
  });

  test("without a key nothing begins", async () => {
    vi.stubEnv("WANDB_API_KEY", undefined);
    await expect(train(configOf("keyless", "track.wandb.mode=online"))).rejects.toThrow(/there is no key/);
    expect(existsSync(join(folder, "keyless"))).toBe(false);
  });
});
