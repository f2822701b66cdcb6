import { expect, test } from "vitest";
import type { WandbRecord } from "../../../src/formats/wandb-record.ts";
import { LogFold } from "../../../src/track/upload/fold.ts";

const START = { seconds: 1_800_000_000, nanos: 0 };
const RUN: WandbRecord = {
  run: {
    ...{
      runId: "run00001",
      project: "p",
      startTime: START,
      telemetry: { cliVersion: "0.31.0", platform: "linux-x86_64" },
    },
    config: {
      update: [
        { key: "lr", valueJson: "0.001" },
        { key: "nested", valueJson: '{"a":1,"b":[1,2]}' },
      ],
    },
  },
};
const item = (name: string, valueJson: string) => ({ nestedKey: name.split("."), valueJson });

function folded(...records: readonly WandbRecord[]): LogFold {
  const fold = new LogFold();
  for (const record of [RUN, ...records]) fold.add(record);
  return fold;
}

test("numbers of a row stay as they were written", () => {
  const values = [item("a", "1e-7"), item("b", "12345678901234567890"), item("c.d", "NaN"), item("c.e", "-Infinity")];
  const { rows } = folded({ history: { item: [...values, item("_step", "3")] } });
  expect(rows).toEqual([
    { row: 0, step: 3, text: '{"a":1e-7,"b":12345678901234567890,"c":{"d":NaN,"e":-Infinity},"_step":3}' },
  ]);
});

test("a row without its step gets that of its record", () => {
  const { rows } = folded({ history: { item: [item("a", "1")], step: { num: 7 } } });
  expect(rows[0]).toMatchObject({ step: 7, text: '{"a":1,"_step":7}' });
});

test("each name of the configuration is wrapped, beside what W&B keeps of a run", () => {
  const metrics: WandbRecord[] = [
    {
      metric: {
        name: "val/loss",
        stepMetric: "epoch",
        options: { stepSync: true, defined: true },
        summary: { min: true },
      },
    },
    { metric: { name: "epoch", options: { defined: true } } },
  ];
  const environment = { os: "Linux", writerId: "w1", cpuCount: 2, memory: { total: 5e9 }, startedAt: START };
  const config = JSON.parse(folded(...metrics, { environment }).configText());
  expect(config).toEqual({
    lr: { value: 0.001 },
    nested: { value: { a: 1, b: [1, 2] } },
    _wandb: {
      value: {
        cli_version: "0.31.0",
        t: { 5: "0.31.0", 13: "linux-x86_64" },
        m: [
          { 1: "val/loss", 5: 2, 6: [1, 3], 7: [1] },
          { 1: "epoch", 6: [3], 7: [] },
        ],
        e: {
          w1: {
            ...{ os: "Linux", writerId: "w1", cpu_count: 2, memory: { total: "5000000000" } },
            startedAt: "2027-01-15T08:00:00.000000Z",
          },
        },
      },
    },
  });
});

test("a change of the configuration sets a name as a whole unless it leads to one below", () => {
  const fold = folded({ config: { update: [item("nested.c", "3"), { key: "late", valueJson: "true" }] } });
  const config = JSON.parse(fold.configText());
  expect(config).toMatchObject({ nested: { value: { a: 1, b: [1, 2], c: 3 } }, late: { value: true } });
  fold.add({ config: { remove: [item("nested.c", ""), { key: "late" }] } });
  expect(JSON.parse(fold.configText())).not.toHaveProperty("late");
});

test("a resumed run keeps what only the server has", () => {
  const fold = folded({ summary: { update: [{ key: "loss", valueJson: "1" }] } });
  const before = JSON.stringify({
    lr: { value: 9 },
    old: { value: { x: 1 } },
    _wandb: { value: { viz: { v: 1 }, e: {} } },
  });
  fold.resume({ config: before, summary: '{"loss":5,"best":0.1,"h":{"_type":"histogram"}}' });
  const config = JSON.parse(fold.configText());
  expect(config).toMatchObject({
    lr: { value: 0.001 },
    old: { value: { x: 1 } },
    _wandb: { value: { viz: { v: 1 } } },
  });
  expect(config._wandb.value).not.toHaveProperty("e");
  expect(JSON.parse(fold.summaryText())).toEqual({ loss: 1, best: 0.1, h: { _type: "histogram" } });
});

test("the summary is what its records leave of it", () => {
  const fold = folded(
    { summary: { update: [item("eval.f1", "0.5"), item("eval.loss", "2"), item("a", "1")] } },
    { summary: { update: [item("eval.f1", "0.6")], remove: [item("eval.loss", ""), item("a", "")] } },
  );
  expect(fold.summaryText()).toBe('{"eval":{"f1":0.6}}');
});

test("what is printed becomes lines with the time of their beginning", () => {
  const out = (line: string, nanos: number, outputType = 1): WandbRecord => ({
    outputRaw: { line, outputType, timestamp: { seconds: START.seconds, nanos } },
  });
  const fold = folded(
    ...[out("a", 0), out("b\nc\n\n", 1_000_000), out("bad\n", 2_000_000, 0), out("10%\r20%\r", 3_000_000)],
    ...[out("\u001b[31mred\u001b[0m\n", 4_000_000), out("no end", 5_000_000), { exit: { exitCode: 0 } }],
  );
  expect(fold.output).toEqual([
    "2027-01-15T08:00:00.000000 ab",
    "2027-01-15T08:00:00.001000 c",
    "2027-01-15T08:00:00.001000 ",
    "ERROR 2027-01-15T08:00:00.002000 bad",
    "2027-01-15T08:00:00.003000 red",
    "2027-01-15T08:00:00.005000 no end",
  ]);
});

test("what the machine did is counted from the run's start", () => {
  const stats = {
    timestamp: { seconds: START.seconds + 2, nanos: 500_000_000 },
    item: [{ key: "cpu", valueJson: "5" }],
  };
  expect(folded({ stats }).events).toEqual(['{"_wandb":true,"_timestamp":1800000002.5,"_runtime":2.5,"system.cpu":5}']);
});

test("nothing counts behind the end of a run", () => {
  const fold = folded({ exit: { exitCode: 3 } }, { history: { item: [item("a", "1")] } }, { exit: { exitCode: 0 } });
  expect({ rows: fold.rows, exitCode: fold.exitCode }).toEqual({ rows: [], exitCode: 3 });
});
