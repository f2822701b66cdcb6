import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type TrackSyncOptions, trackSync } from "../../src/recipes/track-sync.ts";
import { TRAINING } from "../../src/runs/outcome.ts";
import { UPLOADING } from "../../src/track/upload/upload-run.ts";
import { lockFolder } from "../../src/util/folder-lock.ts";
import { FAST_PACE, FAST_PAUSES, KEY, openLog, runFolderIn, writeWholeLog } from "../support/tracked-runs.ts";
import { startWandbServer } from "../support/wandb-server.ts";
import { workFolder } from "../support/work-folder.ts";

const run = (url: string, more: Partial<TrackSyncOptions> & Pick<TrackSyncOptions, "paths">) =>
  trackSync({ env: { WANDB_API_KEY: KEY, WANDB_BASE_URL: url }, pace: FAST_PACE, pauses: FAST_PAUSES, ...more });

test("all runs of a folder are sent, those without a log left out", async () => {
  await using server = await startWandbServer();
  const work = workFolder();
  const folders = ["a", "b"].map((name) => runFolderIn(work, name));
  for (const folder of folders) await writeWholeLog(folder, 3);
  mkdirSync(join(work, "untracked"));
  const sent: (readonly number[])[] = [];
  const report = await run(server.url, { paths: [work], observer: { sent: (...numbers) => sent.push(numbers) } });
  expect(report).toEqual({
    server: server.url,
    runs: folders.map((folder) => ({
      folder,
      page: expect.stringContaining("/runs/"),
      rows: 3,
      whole: true,
      error: null,
    })),
  });
  expect(sent.at(-1)!.slice(0, 2)).toEqual([6, 6]);
  expect(server.runs.length).toBe(2);
  const again = await run(server.url, { paths: folders });
  expect(again.runs.map(({ rows, whole }) => ({ rows, whole }))).toEqual([
    { rows: 0, whole: true },
    { rows: 0, whole: true },
  ]);
});

test("a run that cannot be sent does not keep the others from it", async () => {
  await using server = await startWandbServer();
  const work = workFolder();
  const folders = ["a", "b"].map((name) => runFolderIn(work, name));
  for (const folder of folders) await writeWholeLog(folder, 3);
  server.fault({ match: "graphql:UpsertBucket", status: 403 });
  const error = await run(server.url, { paths: [work] }).catch((fault) => fault);
  expect(error.message).toContain("1 of 2 runs could not be sent");
  expect(error.message).toContain("has no right to this project");
  expect(error.hint).toContain("entity and project");
  expect(error.report.runs).toMatchObject([
    { whole: false, error: expect.any(String) },
    { whole: true, error: null },
  ]);
});

test("files that the server does not take make a sync that is not done", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3);
  server.fault({ match: "storage", status: 400 });
  const notes: string[] = [];
  const going = run(server.url, { paths: [folder], observer: { note: (text) => notes.push(text) } });
  await expect(going).rejects.toMatchObject({ exitCode: 1, report: { runs: [{ rows: 3, whole: false }] } });
  expect(notes.join()).toContain("could not be sent: the server answers 400");
  expect(await run(server.url, { paths: [folder] })).toMatchObject({ runs: [{ whole: true }] });
});

test("a run that is being trained is left to its trainer", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await openLog(folder);
  using _trainer = await lockFolder(folder, TRAINING);
  await expect(run(server.url, { paths: [folder] })).rejects.toMatchObject({
    message: `${folder}: this run is being trained at this moment`,
    hint: expect.stringContaining("track.wandb.mode=online"),
  });
  expect(server.requests).toEqual([]);
});

test("of two syncs of a run the second is refused", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3);
  using _other = await lockFolder(join(folder, "wandb"), UPLOADING);
  await expect(run(server.url, { paths: [folder] })).rejects.toThrow("is sending this run to Weights & Biases");
});

test("without a key it is said where one comes from", async () => {
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3);
  await expect(trackSync({ paths: [folder], env: { HOME: folder } })).rejects.toMatchObject({
    message: "https://api.wandb.ai: there is no key for it",
    hint: expect.stringContaining("WANDB_API_KEY"),
  });
});

test("a run that was never tracked, and a folder that is no run, are told apart", async () => {
  const folder = runFolderIn(workFolder());
  await expect(run("http://127.0.0.1:9", { paths: [folder] })).rejects.toThrow("is no run");
  writeFileSync(join(folder, "config.yaml"), "");
  await expect(run("http://127.0.0.1:9", { paths: [folder] })).rejects.toMatchObject({
    message: `${folder}: there is no log for Weights & Biases in it`,
    hint: expect.stringContaining("track.wandb.mode"),
  });
});

test("a server that is not there is told with what to look at", async () => {
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3);
  await expect(run("http://127.0.0.1:9", { paths: [folder] })).rejects.toMatchObject({
    message: `${folder}: http://127.0.0.1:9: the connection was refused`,
    hint: expect.stringContaining("HTTPS_PROXY"),
  });
});

test("a stop is heard, and the next sync goes on", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3);
  server.fault({ match: "file_stream", sleepMs: 60_000 });
  const stop = new AbortController();
  const going = run(server.url, { paths: [folder], signal: stop.signal });
  const wait = setInterval(() => server.of("file_stream").length > 0 && stop.abort(), 2);
  await expect(going).rejects.toMatchObject({ exitCode: 130, hint: expect.stringContaining("same command") });
  clearInterval(wait);
  expect(await run(server.url, { paths: [folder] })).toMatchObject({ runs: [{ rows: 3, whole: true }] });
  expect(server.history().length).toBe(3);
});
