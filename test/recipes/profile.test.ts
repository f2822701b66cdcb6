import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ProfileReport } from "../../src/recipes/profile.ts";
import { resume, train } from "../../src/recipes/train.ts";
import type { TrainOptions, TrainResult } from "../../src/recipes/training-loop.ts";
import { InterruptedError } from "../../src/util/errors.ts";
import { adapterBytes, historyOf, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const quickRows = writeQuickRows(join(folder, "quick.csv"));

function trainQuick(options: TrainOptions, ...sets: readonly string[]): Promise<TrainResult> {
  const short = ["train.accumulate=1", "train.max_steps=4", "train.warmup_steps=0", "eval.max_rows=1"];
  return train(tinyConfig(folder, `data.train=${quickRows}`, ...short, ...sets), options);
}

interface TraceEvent {
  readonly ph: "X" | "M";
  readonly name: string;
  readonly cat: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const readTrace = (file: string) =>
  JSON.parse(readFileSync(file, "utf8")) as { readonly traceEvents: readonly TraceEvent[] };

const on = (events: readonly TraceEvent[], track: string) => events.filter(({ cat }) => cat === track);

/** Microseconds that two times may be apart by the clocks of two libraries. */
const CLOCK = 2;

/** Each lies in one of the others. */
function expectInside(events: readonly TraceEvent[], around: readonly TraceEvent[]): void {
  const astray = events.filter(
    ({ ts, dur }) => !around.some((each) => each.ts - CLOCK <= ts && ts + dur <= each.ts + each.dur + CLOCK),
  );
  expect(astray).toEqual([]);
}

function expectOneByOne(events: readonly TraceEvent[]): void {
  const sorted = events.toSorted((a, b) => a.ts - b.ts);
  const overlapping = sorted.filter((event, i) => i > 0 && sorted[i - 1]!.ts + sorted[i - 1]!.dur > event.ts + 0.002);
  expect(overlapping).toEqual([]);
}

describe.each([
  ["one program", []],
  ["a program a layer", ["train.programs=layers"]],
])("a profile of steps in %s", (_, sets) => {
  let result: TrainResult;
  let events: readonly TraceEvent[];
  let told: ProfileReport | undefined;
  beforeAll(async () => {
    const observer = {
      profiled(profile: ProfileReport) {
        told = profile;
      },
    };
    const every = ["eval.every=2", "train.save_every=3"];
    result = await trainQuick({ profile: 2, observer }, ...every, ...sets);
    events = readTrace(result.profile!.file).traceEvents;
  });

  test("is a Chrome trace of steps, phases, programs and operators on one clock", () => {
    expect(result.profile!.file).toBe(join(result.run, "profile.json"));
    expect(told).toEqual(result.profile);
    for (const event of events.filter(({ ph }) => ph === "X")) {
      expect(event).toMatchObject({ pid: process.pid, name: expect.any(String), tid: expect.any(Number) });
      expect(event.ts).toBeGreaterThanOrEqual(0);
      expect(event.dur).toBeGreaterThanOrEqual(0);
    }
    const names = events.filter(({ name }) => name === "thread_name").map(({ args }) => args!.name);
    expect(names).toEqual(["steps", "phases", "programs", "operators"]);
    expect(on(events, "steps").map(({ name }) => name)).toEqual(["step 2", "step 3"]);
    for (const track of names) expectOneByOne(on(events, track as string));
    expectInside(on(events, "phases"), on(events, "steps"));
    expectInside(on(events, "programs"), on(events, "phases"));
    expectInside(on(events, "operators"), on(events, "programs"));
  });

  test("names what is done", () => {
    const names = new Set(on(events, "phases").map(({ name }) => name));
    const way = sets.length === 0 ? "forward and backward" : "forward and backward, embeddings and up";
    for (const name of ["read batches", way, "update", "evaluate", "save"]) expect(names).toContain(name);
  });

  test("adds up to the time of the steps", () => {
    const { seconds, phases, operators, outside } = result.profile!;
    const sum = (rows: readonly { readonly seconds: number }[]) => rows.reduce((all, row) => all + row.seconds, 0);
    expect(sum(on(events, "steps").map(({ dur }) => ({ seconds: dur / 1e6 })))).toBeCloseTo(seconds, 6);
    expect(sum(phases)).toBeCloseTo(seconds, 6);
    expect(sum(operators!)).toBeLessThan(seconds);
    expect(sum(operators!)).toBeCloseTo(sum(on(events, "operators").map(({ dur }) => ({ seconds: dur / 1e6 }))), 3);
    const { between_operators, around_programs, outside_programs } = outside;
    for (const part of [between_operators, around_programs, outside_programs]) expect(part).toBeGreaterThan(0);
    expect(sum(operators!) + between_operators! + around_programs! + outside_programs).toBeCloseTo(seconds, 6);
  });

  test("changes nothing of what is learnt", async () => {
    const plain = await trainQuick({}, "eval.every=2", ...sets);
    expect(plain.profile).toBeUndefined();
    expect(existsSync(join(plain.run, "profile.json"))).toBe(false);
    expect(adapterBytes(result.run)).toEqual(adapterBytes(plain.run));
    expect(historyOf(result.run)).toEqual(historyOf(plain.run));
  });
});

test("operations of products are those that the graph has", async () => {
  const { profile } = await trainQuick({ profile: 1 }, "train.lr=0");
  const { operators, step } = profile!;
  const products = operators!.reduce((all, { gflops_per_s, seconds }) => all + (gflops_per_s ?? 0) * seconds * 1e9, 0);
  expect(products / step.model_flops).toBeGreaterThan(0.8); // the rest of the operations are elementwise
  expect(products / step.model_flops).toBeLessThan(1);
});

test("a run of one step is profiled with what it compiles, and a longer profile than run is a profile of all the rest", async () => {
  const single = await trainQuick({ profile: 3 }, "train.max_steps=1");
  expect(single.profile).toMatchObject({ first_step: 1, last_step: 1 });
  expect(single.profile!.phases.map(({ phase }) => phase)).toContain("compile");
  const short = await trainQuick({ profile: 100 });
  expect(short.profile).toMatchObject({ first_step: 2, last_step: 4 });
});

test("a run that goes on is profiled from its second step on", async () => {
  const stop = new AbortController();
  const observer = { step: ({ step }: { step: number }) => void (step === 1 && stop.abort()) };
  const set = "run.name=stopped";
  await expect(trainQuick({ observer, signal: stop.signal }, set)).rejects.toThrow(InterruptedError);
  const { profile } = await resume(join(folder, "stopped"), { profile: 1 });
  expect(profile).toMatchObject({ first_step: 3, last_step: 3 });
});

test("a profile that Ctrl-C ends has the steps so far, and no roof to wait for", async () => {
  const stop = new AbortController();
  const notes: string[] = [];
  const observer = {
    note: (text: string) => void notes.push(text),
    step: ({ step }: { step: number }) => void (step === 2 && stop.abort()),
    profiled: ({ file, ...summary }: ProfileReport) =>
      void expect(summary).toMatchObject({ first_step: 2, last_step: 2, roof: null }),
  };
  expect.assertions(3);
  const set = "run.name=broken-off";
  await expect(trainQuick({ profile: 3, observer, signal: stop.signal }, set)).rejects.toThrow(InterruptedError);
  expect(statSync(join(folder, "broken-off", "profile.json")).size).toBeGreaterThan(1000);
});

test("training that ends while it warms up says that nothing was profiled", async () => {
  const stop = new AbortController();
  const notes: string[] = [];
  const observer = { note: (text: string) => void notes.push(text), step: () => stop.abort() };
  await expect(trainQuick({ profile: 3, observer, signal: stop.signal })).rejects.toThrow(InterruptedError);
  expect(notes).toContain("no step was profiled: training ended before");
});

test("engines that do not tell of operators are profiled by phases and programs", async () => {
  const { profile } = await trainQuick({ profile: 1 }, "train.max_steps=2", "engine.name=reference", "train.batch=1");
  expect(profile).toMatchObject({ engine: "reference", operators: null });
  const { traceEvents } = readTrace(profile!.file);
  expect(on(traceEvents, "programs").map(({ name }) => name)).toEqual(["forward and backward"]);
  expect(on(traceEvents, "operators")).toEqual([]);
});
