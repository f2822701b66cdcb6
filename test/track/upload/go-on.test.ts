import { expect, test } from "vitest";
import { goOn, lastStep, markOf, type OwnLines } from "../../../src/track/upload/go-on.ts";
import type { RunStatus } from "../../../src/track/upload/operations.ts";
import type { SentState } from "../../../src/track/upload/sent-state.ts";

const row = (step: number, time = step) => JSON.stringify({ _step: step, _timestamp: time });

/** A log of ten rows behind five lines of the server, of which four are known to be there. */
const STATE: SentState = {
  ...{ server: "s", entity: "e", project: "p", id: "i", files: 0, artifacts: 0, isWhole: false },
  history: { offset: 5, sent: 4, firstRow: 0, nextRow: 4, leaveOutTo: null, leaveOutAfter: null },
  events: { offset: 0, sent: 0 },
  output: { offset: 2, sent: 3 },
};
const OWN: OwnLines = {
  history: Array.from({ length: 10 }, (_, i) => ({ ...markOf(row(6 + i)), row: i })),
  events: [],
  output: 6,
};
const status = (history: number, last: string | undefined, output = 5): RunStatus => ({
  ...{ id: "i", name: "i", historyLineCount: history, eventsLineCount: 0, logLineCount: output },
  historyTail: JSON.stringify(last === undefined ? [] : [last]),
});

test("a log goes on where it was left", () => {
  expect(goOn(STATE, status(9, row(9)), OWN)).toEqual({ ...STATE, isShared: false });
});

test("lines whose arrival nobody was told of are not sent again", () => {
  const { history, isShared } = goOn(STATE, status(12, row(12)), OWN);
  expect({ isShared, history }).toEqual({ isShared: false, history: { ...STATE.history, sent: 7, nextRow: 7 } });
});

test("languages may write one time in several ways", () => {
  const line = `{"_timestamp":1.2e+01,"_step":12}`;
  expect(goOn(STATE, status(12, line), OWN)).toMatchObject({ isShared: false, history: { sent: 7 } });
});

test("lines of somebody else are not written over, nor their steps sent", () => {
  const { history, output, isShared } = goOn(STATE, status(11, row(12, 99), 9), OWN);
  expect(isShared).toBe(true);
  expect(history).toMatchObject({ offset: 11, sent: 0, firstRow: 4, nextRow: 4, leaveOutTo: 12 });
  expect(output).toEqual({ offset: 6, sent: 3 });
});

test("lines that the server has lost are sent again, and a run that it has lost from the front", () => {
  expect(goOn(STATE, status(7, row(7)), OWN).history).toMatchObject({ offset: 5, sent: 2, nextRow: 2 });
  const gone = goOn(STATE, null, OWN);
  expect(gone.history).toMatchObject({ offset: 0, sent: 0, nextRow: 0 });
  expect(gone.output).toEqual({ offset: 0, sent: 0 });
});

test("the last step of a run is that of its last line", () => {
  expect(lastStep(status(9, row(9)))).toBe(9);
  expect(lastStep(status(0, undefined))).toBeNull();
  expect(lastStep(null)).toBeNull();
});
