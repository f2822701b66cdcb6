import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunRow } from "../../src/track/run-row.ts";
import { readTrackedRun } from "../../src/track/run-segments.ts";
import type { InputError } from "../../src/util/errors.ts";
import { exitCodeOf, itemsByName, readRecords, rowsOf, startRunLog, summaryOf } from "../support/run-logs.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { FAST_FOLDER, workFolder } from "../support/work-folder.ts";

const folder = workFolder(FAST_FOLDER);
let runs = 0;

/** Path and JSON of each value. */
const leavesIn = (row: RunRow, above: readonly string[] = []): readonly (readonly [readonly string[], string])[] =>
  Object.entries(row).flatMap(([name, value]) => {
    const path = [...above, name];
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
      return leavesIn(value as RunRow, path);
    const isBare = typeof value === "number" && !Number.isFinite(value);
    return [[path, isBare ? String(value) : JSON.stringify(value)] as const];
  });

const freshRun = () => join(folder, `run-${runs++}`);

describe("a new run", () => {
  test("its log begins with what the run is and where it runs, and ends with how it ended", async () => {
    const log = await startRunLog(freshRun(), {
      id: "abcd1234",
      entity: "team",
      displayName: "brave-otter-7",
      group: "sweep",
      jobType: "train",
      tags: ["tiny", "cpu"],
      notes: "why",
      config: { lr: 0.5, data: { train: "a.csv" }, none: null, gone: undefined },
      gitCommit: "0123456789abcdef",
      host: "bench",
      clock: { now: () => 1_795_689_250.75, monotonic: () => 5 },
    });
    log.log({ loss: 1 });
    log.finish(3);
    const records = readRecords(log.segment.log);
    expect(records.map(({ num }) => num)).toEqual(records.map((_, i) => i + 1));
    expect(records.map(({ num, _info, ...record }) => Object.keys(record)[0])).toEqual([
      ...["header", "run", "environment", "files"],
      ...["history", "summary"],
      ...["summary", "exit"],
    ]);
    expect(records[1]!.run).toEqual({
      runId: "abcd1234",
      project: "labels",
      entity: "team",
      displayName: "brave-otter-7",
      runGroup: "sweep",
      jobType: "train",
      tags: ["tiny", "cpu"],
      notes: "why",
      config: {
        update: [
          { key: "lr", nestedKey: [], valueJson: "0.5" },
          { key: "data", nestedKey: [], valueJson: '{"train":"a.csv"}' },
          { key: "none", nestedKey: [], valueJson: "null" },
        ],
        remove: [],
      },
      git: { commit: "0123456789abcdef" },
      host: "bench",
      startTime: { seconds: 1_795_689_250, nanos: 750_000_000 },
      telemetry: { platform: `${process.platform}-${process.arch}` },
    });
    expect(records.at(-1)!.exit).toEqual({ exitCode: 3 });
    expect(basename(log.segment.folder)).toBe("offline-run-20261126_103410-abcd1234");
    expect(basename(log.segment.log)).toBe("run-abcd1234.wandb");
  });

  test("has an id of eight letters and digits, which its folder keeps", async () => {
    const dir = freshRun();
    const log = await startRunLog(dir);
    expect(log.id).toMatch(/^[a-z0-9]{8}$/);
    log.finish(0);
    expect(await readTrackedRun(dir)).toEqual({ id: log.id, segments: [log.segment] });
    expect((await startRunLog(freshRun())).id).not.toBe(log.id);
  });

  test.each(["a/b", "a:b", "it's", "", " a", "a?b#c"])(
    "the id %j is refused before anything is written",
    async (id) => {
      const dir = freshRun();
      await expect(startRunLog(dir, { id })).rejects.toThrow(/the run id/);
      expect(existsSync(dir)).toBe(false);
    },
  );

  test("tells of its machine neither user, folder, nor environment", async () => {
    const log = await startRunLog(freshRun());
    log.finish(0);
    const metadata = readFileSync(join(log.segment.files, "wandb-metadata.json"), "utf8");
    expect(Object.keys(JSON.parse(metadata)).sort()).toEqual([
      "cpu",
      "cpu_count",
      "cpu_count_logical",
      "memory",
      "os",
      "program",
      "startedAt",
      "writerId",
    ]);
    for (const secret of [process.env.HOME, process.env.USER, process.cwd()]) {
      if (secret) expect(metadata).not.toContain(`${secret}`);
    }
  });
});

describe("rows", () => {
  test("have their step, counted on where none is given, and nested names as paths", async () => {
    const log = await startRunLog(freshRun());
    log.log({ loss: 1.5, "eval/f1": 0.25, text: "34 gram", flag: true, gone: undefined, none: null, list: [1, "a"] });
    log.log({ a: { b: { c: 1 }, empty: {} }, "a.b": 2 }, 7);
    log.log({ loss: Number.NaN, least: -Infinity });
    log.finish(0);
    expect(rowsOf(log.segment.log)).toEqual([
      { loss: "1.5", "eval/f1": "0.25", text: '"34 gram"', flag: "true", none: "null", list: '[1,"a"]', _step: "0" },
      { "a > b > c": "1", "a > empty": "{}", "a.b": "2", _step: "7" },
      { loss: "NaN", least: "-Infinity", _step: "8" },
    ]);
  });

  test.each([[7], [6], [7.5], [Number.NaN]])(
    "after step 7, one of step %d is refused and nothing changes",
    async (step) => {
      const log = await startRunLog(freshRun());
      log.log({ loss: 1 }, 7);
      expect(() => log.log({ loss: 2 }, step)).toThrow(/a row of step .* cannot be logged: .* whole number from 8 on/);
      log.log({ loss: 3 });
      expect(rowsOf(log.segment.log).map(({ _step }) => _step)).toEqual(["7", "8"]);
      log.finish(0);
    },
  );

  test("their running time goes on when the clock is set back", async () => {
    let [now, monotonic] = [1000, 50];
    const log = await startRunLog(freshRun(), { clock: { now: () => now, monotonic: () => monotonic } });
    for (const [time, passed] of [
      [1010, 60],
      [400, 70],
      [410, 80],
    ] as const) {
      [now, monotonic] = [time, passed];
      log.log({ loss: 1 });
    }
    log.finish(0);
    const rows = readRecords(log.segment.log).flatMap(({ history }) => (history ? [itemsByName(history.item)] : []));
    expect(rows.map(({ _runtime }) => _runtime)).toEqual(["10", "20", "30"]);
    expect(rows.map(({ _timestamp }) => _timestamp)).toEqual(["1010", "400", "410"]);
  });

  test("are read as they were logged, whatever their names and values", async () => {
    const log = await startRunLog(freshRun());
    const value = fc.oneof(fc.double(), fc.string({ unit: "binary" }), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec<{ tree: RunRow }>((tie) => ({
      tree: fc.dictionary(fc.string({ unit: "binary" }), fc.oneof({ depthSize: "small" }, value, tie("tree")), {
        maxKeys: 5,
        noNullPrototype: false,
      }),
    }));
    fc.assert(
      fc.property(tree, (row) => {
        log.log(row);
        const { item } = readRecords(log.segment.log)
          .flatMap(({ history }) => history ?? [])
          .at(-1)!;
        const leaves = item.map(({ nestedKey, valueJson }) => JSON.stringify([nestedKey, valueJson]));
        expect(leaves.slice(0, -3)).toEqual(leavesIn(row).map((leaf) => JSON.stringify(leaf)));
      }),
      { numRuns: 30 },
    );
    log.finish(0);
  });

  test("are in the file when the call returns, whatever becomes of the process", async () => {
    const log = await startRunLog(freshRun());
    log.log({ loss: 1 });
    expect(rowsOf(log.segment.log)).toHaveLength(1);
    log.finish(0);
  });

  test("after the end nothing is written", async () => {
    const log = await startRunLog(freshRun());
    log.finish(0);
    const records = readRecords(log.segment.log).length;
    log.log({ loss: 1 });
    log.stats({ cpu: 1 });
    log.saveFile("late.txt", "late");
    log.finish(1);
    expect(readRecords(log.segment.log)).toHaveLength(records);
    expect(existsSync(join(log.segment.files, "late.txt"))).toBe(false);
  });
});

describe("the summary", () => {
  test("has last values, the statistics that are asked for, and what is set by hand", async () => {
    const log = await startRunLog(freshRun());
    log.defineMetric("eval/f1", { summary: "max" });
    log.defineMetric("eval/loss", { summary: ["min", "last", "mean", "first"] });
    log.defineMetric("noise", { summary: "none" });
    log.log({ loss: 3, "eval/f1": 0.5, "eval/loss": 4, noise: 1 });
    log.log({ loss: 2, "eval/f1": 0.75, "eval/loss": 1 });
    log.log({ loss: 1, "eval/f1": 0.25, "eval/loss": Number.NaN });
    log.summary({ best_step: 2 });
    log.finish(0);
    expect(summaryOf(log.segment.log)).toEqual({
      loss: "1",
      "eval/f1": '{"max":0.75}',
      "eval/loss": '{"last":NaN,"first":4,"min":1,"mean":2.5}',
      _step: "2",
      best_step: "2",
    });
  });

  test("a beginning of names defines each metric that has it, once", async () => {
    const log = await startRunLog(freshRun());
    log.defineMetric("eval/*", { stepMetric: "epoch", summary: "max", goal: "maximize" });
    log.log({ "eval/f1": 1, "train/loss": 2, epoch: 1 });
    log.log({ "eval/f1": 0.5, epoch: 2 });
    log.finish(0);
    const metrics = readRecords(log.segment.log).flatMap(({ metric }) => metric ?? []);
    const shared = { stepMetric: "epoch", options: { stepSync: true, defined: true }, summary: { max: true }, goal: 2 };
    expect(metrics).toEqual([
      { globName: "eval/*", ...shared },
      { name: "eval/f1", ...shared, expandedFromGlob: true, _control: { overwrite: true } },
    ]);
    expect(summaryOf(log.segment.log)).toMatchObject({ "eval/f1": '{"max":1}', "train/loss": "2" });
  });

  test("a row that lacks the metric it is drawn along gets its last value", async () => {
    const log = await startRunLog(freshRun());
    log.defineMetric("eval/f1", { stepMetric: "epoch" });
    log.log({ "eval/f1": 1 });
    log.log({ epoch: 3 });
    log.log({ "eval/f1": 2 });
    log.log({ loss: 2 });
    log.finish(0);
    expect(rowsOf(log.segment.log).map(({ epoch }) => epoch)).toEqual(["0", "3", "3", undefined]);
  });
});

describe("a run that is resumed", () => {
  test("goes on in a log of its own behind the checkpoint, with id, time and summary of what stays", async () => {
    const dir = freshRun();
    let monotonic = 0;
    const clock = { now: () => 1_795_689_250, monotonic: () => monotonic };
    const first = await startRunLog(dir, { clock });
    expect(first.continues).toBeNull();
    first.defineMetric("f1", { summary: "max" });
    for (const f1 of [0.5, 0.7, 0.9]) {
      monotonic += 10;
      first.log({ f1, only: f1 === 0.7 }, Math.round((f1 - 0.3) * 10)); // steps 2, 4, 6
    }
    truncateSync(first.segment.log, readFileSync(first.segment.log).length - 5); // as kill -9 leaves it
    const second = await startRunLog(dir, { startStep: 4, clock });
    expect([second.id, second.continues]).toEqual([first.id, 4]);
    expect(second.segment.folder).not.toBe(first.segment.folder);
    monotonic += 1;
    second.log({ f1: 0.6 });
    second.finish(0);
    expect(readRecords(second.segment.log)[1]!.run).toMatchObject({
      resumed: true,
      startingStep: 5,
      runtime: 20,
      branchPoint: { run: first.id, value: 4, metric: "_step" },
    });
    expect(summaryOf(second.segment.log)).toEqual({ f1: '{"max":0.7}', only: "true", _step: "5" });
    const row = readRecords(second.segment.log).find(({ history }) => history)!.history!;
    expect(itemsByName(row.item)).toMatchObject({ _step: "5", _runtime: "21" });
  });

  test("what a later process took again is not what an earlier one had", async () => {
    const dir = freshRun();
    for (const [startStep, rows] of [
      [0, { 1: 0.1, 2: 0.9 }],
      [1, { 2: 0.2, 3: 0.8 }],
      [2, { 3: 0.3 }],
    ] as const) {
      const log = await startRunLog(dir, { startStep });
      log.defineMetric("f1", { summary: "max" });
      for (const [step, f1] of Object.entries(rows)) log.log({ f1 }, Number(step));
      log.finish(1);
    }
    const last = await startRunLog(dir, { startStep: 3 });
    last.finish(0);
    expect(summaryOf(last.segment.log)).toEqual({ f1: '{"max":0.3}', _step: "3" });
  });

  test("before its first checkpoint it begins again, and its rows are void", async () => {
    const dir = freshRun();
    (await startRunLog(dir)).log({ loss: 1 }, 1);
    const second = await startRunLog(dir);
    expect(second.continues).toBe(0);
    second.log({ loss: 2 });
    second.finish(0);
    expect(rowsOf(second.segment.log)).toEqual([{ loss: "2", _step: "1" }]);
  });

  test("whose tracking began late has nothing to go back to", async () => {
    const log = await startRunLog(freshRun(), { startStep: 40 });
    expect(log.continues).toBeNull();
    expect(() => log.log({ loss: 1 }, 40)).toThrow(/from 41 on/);
    log.log({ loss: 1 });
    log.finish(0);
    expect(readRecords(log.segment.log)[1]!.run!.branchPoint).toBeUndefined();
  });

  test("keeps its id: another is refused", async () => {
    const dir = freshRun();
    (await startRunLog(dir, { id: "first" })).finish(0);
    await expect(startRunLog(dir, { id: "other" })).rejects.toThrow(
      /is known to Weights & Biases as first, not as other/,
    );
    expect((await startRunLog(dir, { id: "first" })).id).toBe("first");
  });

  test("begins although the log before is none any more", async () => {
    const dir = freshRun();
    const first = await startRunLog(dir);
    first.finish(0);
    writeFileSync(first.segment.log, "nonsense");
    const second = await startRunLog(dir, { startStep: 3 });
    second.finish(0);
    expect(second.continues).toBe(3);
  });

  test("two processes that begin in one second have a folder each", async () => {
    const dir = freshRun();
    const clock = { now: () => 1000.5, monotonic: () => 0 };
    const folders: string[] = [];
    for (let i = 0; i < 3; i++) folders.push((await startRunLog(dir, { clock, id: "x" })).segment.folder);
    expect(folders.map((path) => basename(path))).toEqual([
      "offline-run-19700101_001640-x",
      "offline-run-19700101_001641-x",
      "offline-run-19700101_001642-x",
    ]);
    expect((await readTrackedRun(dir))!.segments.map((segment) => segment.folder)).toEqual(folders);
  });
});

describe("other records", () => {
  test("configuration, machine, console and files", async () => {
    const log = await startRunLog(freshRun());
    const before = readRecords(log.segment.log).length;
    log.config({ lr: { peak: 0.5 } });
    log.stats({ cpu: 12.5 });
    log.output("step 1");
    log.output("careful\n", "stderr");
    log.saveFile("report/page.html", "<p>34 gram</p>");
    log.finish(0);
    const [config, stats, out, err, files] = readRecords(log.segment.log).slice(before);
    expect(itemsByName(config!.config!.update)).toEqual({ lr: '{"peak":0.5}' });
    expect(itemsByName(stats!.stats!.item)).toEqual({ cpu: "12.5" });
    expect([out, err].map((record) => [record!.outputRaw!.outputType ?? 0, record!.outputRaw!.line])).toEqual([
      [1, "step 1\n"],
      [0, "careful\n"],
    ]);
    expect(files!.files!.files).toEqual([{ path: "report/page.html" }]);
    expect(readFileSync(join(log.segment.files, "report", "page.html"), "utf8")).toBe("<p>34 gram</p>");
  });

  test.each(["../x", "/etc/passwd", "a//b", "a/./b", "a\\b", "c:x", "", "a/..", "a\nb"])(
    "a file of the name %j is refused",
    async (name) => {
      const log = await startRunLog(freshRun());
      expect(() => log.saveFile(name, "x")).toThrow(/is no name for a file of the run/);
      expect(() => log.artifact({ name: "a", type: "model", files: { [name]: Buffer.from("x") } })).toThrow(
        /is no name/,
      );
      log.finish(0);
    },
  );
});

describe.skipIf(!mountSmallDisk(join(folder, "small")))("a disk that is full", () => {
  test("is told of once, training goes on, and what can be written again is", async () => {
    const faults: InputError[] = [];
    const log = await startRunLog(join(folder, "small", "run"), { onFault: (fault) => faults.push(fault) });
    log.log({ loss: 1 }, 1);
    const filler = join(folder, "small", "filler");
    expect(() => writeFileSync(filler, Buffer.alloc(2 ** 22))).toThrow(/ENOSPC/);
    for (let step = 2; step < 200; step++) log.log({ loss: 1, text: "x".repeat(200) }, step);
    log.log({ picture: log.image(Buffer.alloc(5000), { width: 1, height: 1, format: "png" }) }, 200);
    log.saveFile("x.bin", Buffer.alloc(5000));
    log.artifact({ name: "adapter", type: "model", files: { a: Buffer.alloc(5000) } });
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(/run-\w+\.wandb: could not be written: ENOSPC/),
    ]);
    expect(faults[0]!.hint).toMatch(/make room on that disk: training goes on/);
    writeFileSync(filler, "");
    log.log({ loss: 2 }, 300);
    log.finish(0);
    const rows = rowsOf(log.segment.log);
    expect([rows[0], rows.at(-1)]).toEqual([
      { loss: "1", _step: "1" },
      { loss: "2", _step: "300" },
    ]);
    expect(rows.some(({ _step }) => _step === "199")).toBe(false);
    expect(exitCodeOf(log.segment.log)).toBe(0);
    expect(readdirSync(log.segment.files).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
