import { expect, test } from "vitest";
import { onInterrupt } from "../../src/cli/interrupt.ts";
import { STOP_SIGNALS } from "../../src/util/stop-signals.ts";

const listeners = () => STOP_SIGNALS.map((name) => process.listenerCount(name));

test.each(STOP_SIGNALS)(
  "the first %s is told and aborts; the second finds nobody who listens, so that it ends the process at once",
  (name) => {
    const before = listeners();
    let told = 0;
    const { signal } = onInterrupt(() => told++);
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect([signal.aborted, told]).toEqual([true, 1]);
    expect(listeners()).toEqual(before);
  },
);

test("once the work is done nobody listens", () => {
  const before = listeners();
  const { signal, release } = onInterrupt(() => {});
  release();
  expect(listeners()).toEqual(before);
  expect(signal.aborted).toBe(false);
});
