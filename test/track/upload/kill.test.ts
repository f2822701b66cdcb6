import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { MAIN } from "../../support/cli.ts";
import { KEY, openLog, runFolderIn, settingsFor, sync } from "../../support/tracked-runs.ts";
import { brokenRules, startWandbServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

const DIST = join(MAIN, "..", "..");
const HISTORY = "wandb-history.jsonl";
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** A trainer that logs and sends in one process; arguments: folder, base URL, step of its checkpoint, last step. */
const TRAINER = `
import { setTimeout as sleep } from "node:timers/promises";
const [folder, url, start, last] = process.argv.slice(1);
const { openRunLog } = await import(${JSON.stringify(join(DIST, "track", "run-log.js"))});
const { startUpload } = await import(${JSON.stringify(join(DIST, "track", "upload", "start-upload.js"))});
const { NO_WISHES, wandbSettings } = await import(${JSON.stringify(join(DIST, "track", "wandb-settings.js"))});
const settings = await wandbSettings({ ...NO_WISHES, mode: "online" }, { WANDB_API_KEY: "${KEY}", WANDB_BASE_URL: url });
const log = await openRunLog({
  dir: folder, mode: "online", id: null, project: "labels", entity: null, displayName: "r", group: null, jobType: null,
  tags: [], notes: null, config: {}, startStep: Number(start), gitCommit: null, host: null,
  onFault: (fault) => { throw fault; },
});
const upload = startUpload({
  folder, settings, onNote: () => {}, onStop: () => {},
  pace: { streamMs: 1, heartbeatMs: 1000, configMs: 5, lookMs: 1 }, pauses: { firstMs: 2, longestMs: 20 },
});
for (let step = Number(start) + 1; step <= Number(last); step++) {
  log.log({ loss: 10 / (10 + step) }, step);
  log.output("step " + step);
  console.log(step);
  await sleep(2);
}
log.finish(0);
console.log(JSON.stringify(await upload.finish(30)));
`;

function startTrainer(folder: string, url: string, start: number, last: number) {
  const args = ["--input-type=module", "-e", TRAINER, folder, url, String(start), String(last)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => lines.push(...text.trim().split("\n")));
  return { child, lines, ended: once(child, "close") };
}

test("a trainer that is killed again and again leaves each step once on the server", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  let checkpoint = 0;
  for (const [i, fault] of (["after-body", "after-work", undefined] as const).entries()) {
    if (fault) server.fault({ match: "file_stream", drop: fault, times: 2 });
    const { child, lines, ended } = startTrainer(folder, server.url, checkpoint, 1000);
    // Killed at once when it has logged so much, or when so much has arrived.
    const [logged, arrived] = [() => Number(lines.at(-1) ?? 0), () => server.runs[0]?.lines[HISTORY]?.length ?? 0];
    const reached = i % 2 === 0 ? logged : arrived;
    const goal = checkpoint + 13 + 5 * i;
    while (reached() < goal && child.exitCode === null) await sleep(1);
    child.kill("SIGKILL");
    await ended;
    checkpoint = reached() - 4;
  }
  const last = checkpoint + 15;
  const { lines, ended } = startTrainer(folder, server.url, checkpoint, last);
  await ended;
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ sent: true, rest: 0 });
  expect(server.history().map(({ _step }) => _step)).toEqual(range(1, last));
  expect(server.history().map(({ loss }) => loss)).toEqual(range(1, last).map((step) => 10 / (10 + step)));
  expect(server.run()).toMatchObject({ state: "finished", exitCode: 0 });
  expect(brokenRules(server.requests, { mayRepeat: true })).toEqual([]);
  expect(server.of("graphql:RewindRun").length).toBeGreaterThan(0);
});

test("a sync that is killed behind each request, and begun again, sends each row once", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  for (let step = 1; step <= 30; step++) log.log({ text: String(step).padEnd(2 ** 20) }, step);
  log.saveFile("note.txt", "hello");
  log.finish(0);
  const env = { ...process.env, WANDB_API_KEY: KEY, WANDB_BASE_URL: server.url };
  for (const requests of [2, 4, 5]) {
    const before = server.requests.length;
    const child = spawn(process.execPath, [MAIN, "track", "sync", folder], { env, stdio: "ignore" });
    const ended = once(child, "close");
    while (server.requests.length < before + requests && child.exitCode === null) await sleep(1);
    child.kill("SIGKILL");
    await ended;
  }
  await sync(folder, await settingsFor(server.url));
  expect(server.history().map(({ _step }) => _step)).toEqual(range(1, 30));
  expect(brokenRules(server.requests, { mayRepeat: true })).toEqual([]);
});
