import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inRounds } from "../../src/web/rounds.ts";

function workFor(milliseconds: number) {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

test("work that takes long is done less often, so that what else is to be done comes between", async () => {
  let rounds = 0;
  const stop = inRounds(() => {
    rounds++;
    workFor(30);
  }, 1);
  await sleep(900);
  stop();
  expect(rounds).toBeGreaterThan(0);
  expect(rounds).toBeLessThan(8);
});

test("quick work is done after each pause, until it is ended", async () => {
  let rounds = 0;
  const stop = inRounds(() => rounds++, 5);
  while (rounds < 10) await sleep(5);
  stop();
  const done = rounds;
  await sleep(30);
  expect(rounds).toBe(done);
});
