import { expect, test } from "vitest";
import { lasting, passing } from "../../src/http/faults.ts";
import { type Reach, retrying } from "../../src/http/retrying.ts";

/** Work that fails with these and then succeeds, and what was told before each further attempt. */
function failing(faults: readonly unknown[]) {
  const pauses: (readonly [string, number])[] = [];
  let attempts = 0;
  return {
    pauses,
    work: async () => {
      if (attempts < faults.length) throw faults[attempts++];
      return "done";
    },
    pause: async ({ message }: Error, before: number) => void pauses.push([message, before]),
  };
}

test("what may pass is tried again, as often as is allowed", async () => {
  const faults = [passing("away"), passing("busy"), passing("late")];
  const { work, pause, pauses } = failing(faults);
  expect(await retrying(work, { attempts: 4, pause, signal: undefined })).toBe("done");
  expect(pauses).toEqual([
    ["away", 0],
    ["busy", 1],
    ["late", 2],
  ]);
  const fewer = retrying(failing(faults).work, { attempts: 3, pause, signal: undefined });
  await expect(fewer).rejects.toBe(faults[2]);
});

test.each([lasting("gone"), new Error("a full disk")])("%s is not tried again", async (fault) => {
  const { work, pause, pauses } = failing([fault]);
  await expect(retrying(work, { attempts: 9, pause, signal: undefined })).rejects.toBe(fault);
  expect(pauses).toEqual([]);
});

test("an attempt that moved the work is the first again", async () => {
  const places = [0, 0, 10, 20, 20];
  const { work, pause, pauses } = failing(places.map((place) => passing(`at ${place}`)));
  const move = (reach: Reach) => {
    reach(places[pauses.length] ?? 20);
    return work();
  };
  await retrying(move, { attempts: 3, pause, signal: undefined });
  expect(pauses.map(([, before]) => before)).toEqual([0, 1, 0, 0, 1]);
});

test("when all is given up nothing more is tried, and the reason is thrown", async () => {
  const reason = new Error("given up");
  const { work, pause, pauses } = failing([passing("away")]);
  await expect(retrying(work, { attempts: 9, pause, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(pauses).toEqual([]);
});
