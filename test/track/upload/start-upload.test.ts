import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type StartUploadOptions, startUpload } from "../../../src/track/upload/start-upload.ts";
import {
  FAST_PACE,
  FAST_PAUSES,
  logSteps,
  openLog,
  runFolderIn,
  settingsFor,
  sync,
} from "../../support/tracked-runs.ts";
import { brokenRules, startWandbServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

async function until(isSo: () => boolean, seconds = 20): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; !isSo(); await sleep(2)) {
    if (Date.now() > end) throw new Error("it did not come to that");
  }
}

async function liveRun(endpoint: string, more: Partial<StartUploadOptions> = {}) {
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  const [notes, stops] = [[] as string[], [] as number[]];
  const upload = startUpload({
    ...{ folder, settings: await settingsFor(endpoint), pace: FAST_PACE, pauses: FAST_PAUSES },
    onNote: (text) => notes.push(text),
    onStop: () => stops.push(1),
    ...more,
  });
  return { folder, log, upload, notes, stops };
}

const count = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

test("rows arrive while the run goes on, and its end when it ends", async () => {
  await using server = await startWandbServer();
  const { log, upload, notes } = await liveRun(server.url);
  logSteps(log, 1, 5);
  await until(() => server.runs.length > 0 && server.history().length === 5);
  expect(server.run().state).toBe("running");
  log.config({ late: true });
  logSteps(log, 6, 9);
  await until(() => server.history().length === 9 && server.run().config.includes("late"));
  log.finish(0);
  expect(await upload.finish(20)).toMatchObject({ sent: true, rest: 0 });
  expect(server.history().map(({ _step }) => _step)).toEqual(count(1, 9));
  expect(server.run()).toMatchObject({ state: "finished", exitCode: 0 });
  expect(notes).toEqual([`this run is at ${server.url}/test-entity/labels/runs/${log.id}`]);
  expect(brokenRules(server.requests)).toEqual([]);
});

test("the first rows go at once, later ones together", async () => {
  await using server = await startWandbServer();
  const { log, upload } = await liveRun(server.url, {
    pace: { ...FAST_PACE, streamMs: 60_000, heartbeatMs: 60_000 },
  });
  log.log({ loss: 1 }, 1);
  await until(() => server.of("file_stream").length === 1);
  for (let step = 2; step <= 20; step++) {
    log.log({ loss: step }, step);
    await sleep(3);
  }
  expect(server.of("file_stream").length).toBe(1);
  log.finish(0);
  await upload.finish(20);
  expect(server.of("file_stream").length).toBe(3); // the first row, the rest, the end
  expect(server.history().length).toBe(20);
});

test("a run without new rows says that it lives", async () => {
  await using server = await startWandbServer();
  const { log, upload } = await liveRun(server.url);
  log.log({ loss: 1 }, 1);
  await until(() => server.of("file_stream").filter(({ body }) => Object.keys(body).length === 0).length > 1);
  log.finish(0);
  await upload.finish(20);
  expect(brokenRules(server.requests)).toEqual([]);
});

test("the stop button of the page is heard once", async () => {
  await using server = await startWandbServer();
  const { log, upload, stops } = await liveRun(server.url);
  logSteps(log, 1, 2);
  await until(() => server.runs.length > 0 && server.history().length === 2);
  server.run().isStopped = true;
  logSteps(log, 3, 4);
  await until(() => stops.length > 0);
  logSteps(log, 5, 6);
  log.finish(255);
  expect(await upload.finish(20)).toMatchObject({ sent: true });
  expect(stops.length).toBe(1);
  expect(server.run()).toMatchObject({ state: "failed", exitCode: 255 });
});

test("a server that is away for the whole run is told of once, and the log can be sent later", async () => {
  const { log, upload, notes, folder } = await liveRun("http://127.0.0.1:9");
  logSteps(log, 1, 30);
  await until(() => notes.length > 0);
  logSteps(log, 31, 40);
  log.finish(0);
  const before = Date.now();
  const { sent, hint } = await upload.finish(0.3);
  expect(Date.now() - before).toBeLessThan(3000);
  expect({ sent, hint }).toEqual({ sent: false, hint: `amlc track sync ${folder}` });
  expect(notes).toEqual([
    expect.stringContaining("nothing can be sent to http://127.0.0.1:9 now: the connection was refused"),
  ]);
  await using server = await startWandbServer();
  await sync(folder, await settingsFor(server.url));
  expect(server.history().map(({ _step }) => _step)).toEqual(count(1, 40));
});

test("a server that comes back gets all rows once", async () => {
  await using server = await startWandbServer();
  const { log, upload, notes } = await liveRun(server.url);
  logSteps(log, 1, 3);
  await until(() => server.runs.length > 0 && server.history().length === 3);
  server.fault({ match: "*", drop: "after-body", times: 8 });
  logSteps(log, 4, 9);
  await until(() => notes.some((note) => note.includes("works again")));
  log.finish(0);
  expect(await upload.finish(20)).toMatchObject({ sent: true });
  expect(server.history().map(({ _step }) => _step)).toEqual(count(1, 9));
  expect(brokenRules(server.requests)).toEqual([]);
});

test.each([
  [401, "does not know the key"],
  [403, "has no right to this project"],
])("a server that refuses with %i is told of once, and training goes on", async (status, message) => {
  await using server = await startWandbServer();
  server.fault({ match: "graphql:UpsertBucket", status, times: 100 });
  const { log, upload, notes } = await liveRun(server.url);
  logSteps(log, 1, 3);
  await until(() => notes.length > 0);
  logSteps(log, 4, 6);
  log.finish(0);
  const before = Date.now();
  expect(await upload.finish(30)).toMatchObject({ sent: false });
  expect(Date.now() - before).toBeLessThan(3000);
  expect(notes).toEqual([expect.stringContaining(message)]);
  expect(notes[0]).toContain("amlc track sync ");
  expect(server.of("graphql:UpsertBucket").length).toBe(1);
});

test("a server that never answers is waited for no longer than was said", async () => {
  await using server = await startWandbServer();
  const { log, upload } = await liveRun(server.url);
  logSteps(log, 1, 3);
  await until(() => server.runs.length > 0 && server.history().length === 3);
  server.fault({ match: "*", sleepMs: 5000, times: 100 });
  logSteps(log, 4, 6);
  log.finish(0);
  const before = Date.now();
  expect(await upload.finish(0.2)).toMatchObject({ sent: false, rest: expect.any(Number) });
  expect(Date.now() - before).toBeLessThan(2000);
});

test("of two that send one run the second leaves it to the first", async () => {
  await using server = await startWandbServer();
  const { log, upload, folder } = await liveRun(server.url);
  logSteps(log, 1, 3);
  await until(() => server.runs.length > 0 && server.history().length === 3);
  await expect(sync(folder, await settingsFor(server.url))).rejects.toThrow("is sending this run to Weights & Biases");
  log.finish(0);
  expect(await upload.finish(20)).toMatchObject({ sent: true });
});

test("a clock that jumps makes no difference to what is sent when", async () => {
  await using server = await startWandbServer();
  let time = 1_800_000_000;
  let steady = 0;
  const folder = runFolderIn(workFolder());
  const clock = { now: () => time, monotonic: () => steady++ };
  const log = await openLog(folder, { clock });
  logSteps(log, 1, 3);
  time -= 86_400;
  logSteps(log, 4, 6);
  log.finish(0);
  time -= 86_400;
  const later = await openLog(folder, { clock, startStep: 6 }); // its folder's name is the earlier one
  logSteps(later, 7, 9);
  later.finish(0);
  await sync(folder, await settingsFor(server.url));
  expect(server.history().map(({ _step }) => _step)).toEqual(count(1, 9));
  expect(brokenRules(server.requests)).toEqual([]);
});
