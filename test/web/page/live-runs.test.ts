import { expect, test } from "vitest";
import { looksOf } from "../../../src/web/page/colours.ts";
import { fieldsOf, findField } from "../../../src/web/page/fields.ts";
import {
  applyEvent,
  hasNewPoints,
  noticeOf,
  shownRuns,
  toggleRuns,
  usualCharts,
} from "../../../src/web/page/live-runs.ts";
import { runRow } from "./rows.ts";

const [a, b, c] = [runRow("a", { state: "running", isIndexed: false }), runRow("b"), runRow("c")] as const;
const names = (runs: readonly { name: string }[]) => runs.map(({ name }) => name);

test("a run's row is replaced where it stands, a new one is added, one that is gone is no more", () => {
  const done = { ...a, state: "finished" as const };
  expect(applyEvent([a, b], { kind: "run", run: done })).toEqual([done, b]);
  expect(applyEvent([a], { kind: "run", run: b })).toEqual([a, b]);
  expect(applyEvent([a, b], { kind: "gone", run: "a" })).toEqual([b]);
  const rows = [a, b];
  expect(applyEvent(rows, { kind: "points", run: "a", records: [] })).toBe(rows);
});

test("a reader is told of runs that come, end and go, and of no step", () => {
  const step = { kind: "run", run: { ...a, step: 11 } } as const;
  expect(noticeOf([a], step)).toBeNull();
  expect(noticeOf([a], { kind: "run", run: { ...a, state: "crashed" } })).toBe("a: crashed");
  expect(noticeOf([a], { kind: "run", run: b })).toBe("b is new");
  expect(noticeOf([a], { kind: "gone", run: "a" })).toBe("a was deleted");
  expect(noticeOf([a], { kind: "gone", run: "b" })).toBeNull();
});

test("curves are read again when there are points, or when the whole history was read", () => {
  expect(hasNewPoints([a], { kind: "points", run: "a", records: [] })).toBe(true);
  expect(hasNewPoints([a], { kind: "run", run: { ...a, isIndexed: true } })).toBe(true);
  expect(hasNewPoints([b], { kind: "run", run: b })).toBe(false);
});

test("selected runs are shown, and the first few where none is", () => {
  expect(names(shownRuns([a, b, c], [b, c], ["a"]))).toEqual(["a"]);
  expect(names(shownRuns([a, b, c], [b, c], [], 1))).toEqual(["b"]);
  expect(names(shownRuns([a], [a], ["deleted"]))).toEqual(["a"]);
});

test("with Shift all runs between two are selected, or none of them", () => {
  expect(toggleRuns([], [a, b, c], "c", "a")).toEqual(["a", "b", "c"]);
  expect(toggleRuns(["a", "b", "c"], [a, b, c], "b", "a")).toEqual(["c"]);
  expect(toggleRuns(["a"], [a, b, c], "b", null)).toEqual(["a", "b"]);
});

test("first come the charts that people look at first", () => {
  expect(usualCharts(["step", "epoch", "lr", "loss", "odd", "grad_norm"])).toEqual([
    "loss",
    "grad_norm",
    "lr",
    "epoch",
  ]);
});

test("a new run changes no other's colour, and no two of fifty look alike", () => {
  const runs = Array.from({ length: 50 }, (_, i) => runRow(`r${i}`, { started: `2026-11-25T10:${10 + i}:00Z` }));
  const looks = looksOf(runs.slice(0, 49), undefined);
  const more = looksOf(runs, undefined);
  for (const [name, look] of looks) expect(more.get(name)).toEqual(look);
  expect(new Set([...more.values()].map((look) => JSON.stringify(look))).size).toBe(50);
});

test("coloured by a setting, runs of one value look alike, and one without stands aside", () => {
  const runs = ["1", "2", "1"].map((seed, i) => runRow(`r${i}`, { settings: { seed } }));
  const looks = looksOf([...runs, runRow("none")], findField(fieldsOf(runs), "seed"));
  expect(looks.get("r0")).toEqual(looks.get("r2"));
  expect(looks.get("r0")).not.toEqual(looks.get("r1"));
  expect([looks.get("r0"), looks.get("r1")]).not.toContainEqual(looks.get("none"));
});

test("many numbers go over one scale of colours", () => {
  const runs = [1, 2, 4, 8, 16].map((rank) => runRow(`r${rank}`, { settings: { rank: String(rank) } }));
  const looks = [...looksOf(runs, findField(fieldsOf(runs), "rank")).values()];
  expect(looks[0]!.colour).toBe("hsl(262 62% 42%)");
  expect(looks.at(-1)!.colour).toBe("hsl(47 62% 52%)");
});
