import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FIRST_STATE,
  formatState,
  OUTCOMES,
  type PageState,
  parseState,
  TABS,
  VERSUS,
} from "../../../src/web/page/page-state.ts";

const name = fc.string({ minLength: 1 });
const names = fc.uniqueArray(name, { maxLength: 4 });
const nameOrNull = fc.option(name);
const plain = fc.string({ minLength: 1 }).filter((text) => !text.startsWith("-") && !text.startsWith("log:"));
const zoom = fc
  .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-3, max: 1e9, noNaN: true }))
  .map(([from, length]) => ({ from: from + 0, to: from + length }));

const states: fc.Arbitrary<PageState> = fc.record({
  tab: fc.constantFrom(...TABS),
  filter: fc.string(),
  sort: fc.record({ field: plain, isDescending: fc.boolean() }),
  columns: fc.option(names),
  runs: names,
  hidden: names,
  colourBy: nameOrNull,
  charts: fc.option(fc.uniqueArray(fc.record({ metric: plain, isLog: fc.boolean() }), { maxLength: 3 })),
  axis: fc.constantFrom("step", "samples", "time"),
  isLogX: fc.boolean(),
  isWithoutOutliers: fc.boolean(),
  smoothing: fc.constantFrom(0, 0.01, 0.6, 0.99),
  zoom: fc.option(zoom),
  hasAllSettings: fc.boolean(),
  predictions: fc.record({
    first: nameOrNull,
    second: nameOrNull,
    split: nameOrNull,
    entity: nameOrNull,
    outcome: fc.option(fc.constantFrom(...OUTCOMES)),
    text: fc.string(),
    versus: fc.constantFrom(...VERSUS),
    row: nameOrNull,
  }),
});

test("a link shows what was seen: every state is read back from its address", () => {
  fc.assert(
    fc.property(states, (state) => {
      expect(parseState(`#${formatState(state)}`)).toEqual(state);
    }),
  );
});

test("a fresh page has a bare address", () => {
  expect(formatState(FIRST_STATE)).toBe("");
  expect(parseState("")).toEqual(FIRST_STATE);
});

test("an address can be read by people", () => {
  const state = { ...FIRST_STATE, tab: "charts" as const, runs: ["a"], zoom: { from: 10, to: 20 }, smoothing: 0.6 };
  expect(formatState({ ...state, charts: [{ metric: "loss", isLog: true }] })).toBe(
    "tab=charts&run=a&chart=log%3Aloss&smooth=0.6&zoom=10%7E20",
  );
});

test("of an address from elsewhere what makes no sense is passed over", () => {
  const odd = "#tab=shell&smooth=7&zoom=9~1&x=weight&outcome=maybe&versus=&sort=&run=a&run=a&run=";
  expect(parseState(odd)).toEqual({ ...FIRST_STATE, smoothing: 0.999, runs: ["a"] });
  expect(parseState("#smooth=much&zoom=1")).toEqual(FIRST_STATE);
});

test("no columns are not the usual columns", () => {
  expect(parseState("#column=").columns).toEqual([]);
  expect(formatState({ ...FIRST_STATE, columns: [], charts: [] })).toBe("column=&chart=");
});
