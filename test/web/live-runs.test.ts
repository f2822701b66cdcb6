import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runFolder } from "../../src/runs/folder.ts";
import { TRAINING, writeOutcome } from "../../src/runs/outcome.ts";
import { lockFolder } from "../../src/util/folder-lock.ts";
import type { LiveEvent, RunRow } from "../../src/web/api.ts";
import { workFolder } from "../support/work-folder.ts";
import { writeRun } from "../support/written-runs.ts";
import { eventsUntil, indexed, openPage } from "./written-page.ts";

const folder = workFolder();
const first = runFolder(writeRun(folder, "first", { sets: ["train.max_steps=9"] }));
const { runs } = openPage(folder);

const isRun = (name: string, test: (row: RunRow) => boolean) => (event: LiveEvent) =>
  event.kind === "run" && event.run.name === name && test(event.run);
const stateOf = (name: string) => runs.find(name)!.row().state;

describe("a run's row", () => {
  test("is there at once, from its small files and the end of its history; its least and greatest come later", async () => {
    const folder2 = workFolder();
    writeRun(folder2, "run", { losses: [4, 1, null, 2], sets: ["train.lr=0.5"] });
    const { runs } = openPage(folder2);
    expect(runs.rows()).toMatchObject([
      {
        ...{ name: "run", state: "finished", fault: null, started: null, step: 4, plannedSteps: 4, isIndexed: false },
        metrics: { loss: { last: 2, min: null, max: null } },
        settings: { "train.lr": "0.5", "run.dir": folder2 },
      },
    ]);
    await indexed(runs, "run");
    expect(runs.rows()[0]!.metrics.loss).toEqual({ last: 2, min: 1, max: 4 });
  });

  test("of training rows that have to be counted has its plan when they are", async () => {
    const folder2 = workFolder();
    writeRun(folder2, "run", {
      sets: ["train.max_steps=null", "train.epochs=2", "train.batch=4", "train.accumulate=1"],
    });
    const { runs } = openPage(folder2);
    const change = () => expect(runs.rows()[0]!.plannedSteps).toBeNull();
    await eventsUntil(
      runs,
      isRun("run", ({ plannedSteps }) => plannedSteps === 14),
      change,
    );
    expect(runs.rows()[0]!.state).toBe("stopped");
  });

  test("that is broken says what is wrong, and stands among the others", () => {
    const path = writeRun(folder, "broken", {});
    appendFileSync(join(path, "config.yaml"), "colour: green\n");
    expect(runs.rows().find(({ name }) => name === "broken")).toMatchObject({
      state: "broken",
      fault: expect.stringContaining("unknown key colour"),
      settings: { colour: "green" },
    });
  });

  test("holds what a file says and nothing of one that says nonsense", () => {
    const run = runFolder(writeRun(folder, "nonsense", {}));
    writeFileSync(run.environment, "[");
    writeFileSync(run.evaluation("val"), '{"f1":"high"}');
    writeFileSync(run.evaluation("train"), '{"f1":0.5}');
    writeFileSync(join(run.path, "outcome.json"), "{}");
    expect(runs.find("nonsense")!.row()).toMatchObject({ started: null, scores: { train: 0.5 }, state: "finished" });
    writeFileSync(run.environment, '{"started":"2026-11-26T00:17:56.231Z"}');
    expect(runs.find("nonsense")!.row().started).toBe("2026-11-26T00:17:56.231Z");
  });
});

describe("what changes is told:", () => {
  test("a history that grows, by its new lines and its row", async () => {
    await indexed(runs, "first");
    const line = { step: 4, loss: 0.5, lr: null };
    const events = await eventsUntil(
      runs,
      isRun("first", ({ metrics }) => metrics.loss!.min === 0.5),
      () => appendFileSync(first.history, `${JSON.stringify(line)}\n`),
    );
    expect(events).toContainEqual({ kind: "points", run: "first", records: [line] });
    expect(events.at(-1)).toMatchObject({ run: { step: 4, metrics: { lr: { last: null } } } });
  });

  test("a history that begins, which is not taken for another one", async () => {
    const run = runFolder(writeRun(folder, "beginner", { losses: [] }));
    rmSync(run.history);
    await indexed(runs, "beginner");
    const events = await eventsUntil(
      runs,
      isRun("beginner", ({ metrics }) => metrics.loss?.min === 7),
      () => writeFileSync(run.history, '{"step":1,"loss":7}\n'),
    );
    const rows = events.flatMap((event) => (event.kind === "run" && event.run.name === "beginner" ? event.run : []));
    expect(rows.every(({ isIndexed }) => isIndexed)).toBe(true);
    expect(events).toContainEqual({ kind: "points", run: "beginner", records: [{ step: 1, loss: 7 }] });
  });

  test("a history that a resumed run cuts back, as one that is being read again", async () => {
    await indexed(runs, "first");
    writeFileSync(`${first.history}.tmp`, '{"step":1,"loss":3}\n');
    const cut = isRun("first", ({ isIndexed, metrics }) => isIndexed && metrics.loss!.max === 3);
    const events = await eventsUntil(runs, cut, () => renameSync(`${first.history}.tmp`, first.history));
    expect(events[0]).toMatchObject({ kind: "run", run: { isIndexed: false, step: 1 } });
  });

  test("an evaluation that gives other answers with the same F1", async () => {
    const answer = (text: string) => void writeRun(folder, "judged", { answers: [[0, "width", text, "7.0 metre"]] });
    answer("8.0 metre");
    const before = runs.find("judged")!.row();
    const events = await eventsUntil(
      runs,
      isRun("judged", ({ stamps }) => stamps.val !== before.stamps.val),
      () => answer("19.0 metre"),
    );
    expect(events.at(-1)).toMatchObject({ run: { scores: before.scores, splits: ["val"] } });
  });

  test("a training that begins, is killed, stops or fails", async () => {
    const lock = await lockFolder(first.path, TRAINING);
    expect(stateOf("first")).toBe("running");
    const stopped = isRun("first", ({ state }) => state === "stopped");
    const events = await eventsUntil(runs, stopped, async () => {
      await writeOutcome(first, { outcome: "stopped", step: 1, reason: "Ctrl-C" });
      lock.release();
    });
    expect(events.at(-1)).toMatchObject({ run: { state: "stopped", reason: "Ctrl-C" } });
    const host = hostname().replace(/[^A-Za-z0-9.]/g, "_");
    writeFileSync(join(first.path, `trainer-${2 ** 30}-1-${host}-00000000.lock`), "");
    expect(stateOf("first")).toBe("crashed");
  });

  test("a run that appears, and one that is deleted while it is shown", async () => {
    const appeared = isRun("newborn", () => true);
    await eventsUntil(runs, appeared, () => writeRun(folder, "newborn", { losses: [] }));
    expect(runs.find("newborn")!.row()).toMatchObject({ step: 0, state: "stopped", metrics: {} });
    const gone = (event: LiveEvent) => event.kind === "gone";
    const events = await eventsUntil(runs, gone, () => rmSync(join(folder, "newborn"), { recursive: true }));
    expect(events.at(-1)).toEqual({ kind: "gone", run: "newborn" });
    expect(runs.find("newborn")).toBeUndefined();
  });

  test("nothing, while nothing changes", async () => {
    await Promise.all(runs.rows().map(({ name }) => indexed(runs, name)));
    const events: LiveEvent[] = [];
    const stop = runs.listen((event) => events.push(event));
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop();
    expect(events).toEqual([]);
  });
});
