import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { openBlockLog } from "../../../src/formats/block-log.ts";
import { encodeWandbRecord } from "../../../src/formats/wandb-record.ts";
import {
  FAST_PACE,
  KEY,
  logSteps,
  openLog,
  runFolderIn,
  settingsFor,
  sync,
  writeWholeLog,
} from "../../support/tracked-runs.ts";
import { brokenRules, startWandbServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const steps = (rows: readonly { _step: number }[]) => rows.map(({ _step }) => _step);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

test("a whole run arrives as it was logged", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder, {
    config: { lora: { rank: 8 }, tiny: 1e-7, big: 12345678901 },
    notes: "first",
    tags: ["a", "b"],
  });
  log.defineMetric("eval/f1", { summary: "max", stepMetric: "epoch" });
  logSteps(log, 1, 20);
  log.log({ eval: { f1: 0.5, loss: Number.NaN }, epoch: 1 }, 21);
  log.output("step 1\nstep 2\n");
  log.stats({ cpu: 50 });
  log.saveFile("note.txt", "hello");
  log.artifact({
    name: "adapter",
    type: "model",
    files: { "a/adapter.bin": Buffer.from("weights") },
    aliases: ["best"],
  });
  log.finish(0);

  const { page, isWhole, notes } = await sync(folder, await settingsFor(server.url));
  expect({ isWhole, notes }).toEqual({ isWhole: true, notes: [] });
  const run = server.run();
  expect(page).toBe(`${server.url}/test-entity/labels/runs/${run.name}`);
  expect(steps(server.history())).toEqual(range(1, 21));
  expect(server.history().at(-1)).toMatchObject({ eval: { f1: 0.5, loss: "NaN" }, epoch: 1 });
  expect(run.lines["output.log"]!.map((line) => line.slice(27))).toEqual(["step 1", "step 2"]);
  expect(JSON.parse(run.lines["wandb-events.jsonl"]![0]!)).toMatchObject({ "system.cpu": 50, _wandb: true });
  const config = JSON.parse(run.config);
  expect(config).toMatchObject({ lora: { value: { rank: 8 } }, tiny: { value: 1e-7 }, big: { value: 12345678901 } });
  expect(config._wandb.value).toMatchObject({ t: {}, m: expect.any(Array), e: expect.any(Object) });
  expect(JSON.parse(run.summary.replaceAll("NaN", "null"))).toMatchObject({ _step: 21, epoch: 1 });
  expect(run).toMatchObject({
    state: "finished",
    exitCode: 0,
    fields: { displayName: "quiet-otter-17", notes: "first" },
  });
  const names = [...server.stored.keys()].map((path) => path.split("/").at(-1));
  expect(names).toEqual(
    expect.arrayContaining(["note.txt", "config.yaml", "wandb-summary.json", "output.log", "adapter.bin"]),
  );
  expect(server.artifacts).toMatchObject([{ isCommitted: true, input: { artifactCollectionName: "adapter" } }]);
  expect(brokenRules(server.requests)).toEqual([]);
});

test("what is on the server is not sent a second time", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 5);
  const settings = await settingsFor(server.url);
  await sync(folder, settings);
  const before = server.requests.length;
  expect(await sync(folder, settings)).toMatchObject({ isWhole: true, sentLogs: 0 });
  expect(server.requests.length).toBe(before);
});

test("the key is in no file, no address and no message", async () => {
  await using server = await startWandbServer();
  server.settings.key = KEY;
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  logSteps(log, 1, 3);
  log.saveFile("note.txt", "hello");
  log.finish(0);
  const body = { error: `no ${KEY} ${Buffer.from(`api:${KEY}`).toString("base64")}` };
  server.fault({ match: "graphql:CreateRunFiles", status: 400, body, times: 9 });
  const { notes } = await sync(folder, await settingsFor(server.url));
  expect(notes.join()).toContain("could not be sent");
  const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = written.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  expect(texts.length).toBeGreaterThan(3);
  const secrets = [KEY, Buffer.from(`api:${KEY}`).toString("base64")];
  for (const text of [...texts, ...notes, ...server.requests.map(({ path }) => path)]) {
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
  expect(server.of("graphql:UpsertBucket").length).toBeGreaterThan(0);
});

test("a run goes on behind what another client has added to it", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 5, { id: "run00001" });
  const settings = await settingsFor(server.url);
  await sync(folder, settings);
  const other = range(6, 9).map((step) => JSON.stringify({ _step: step, _timestamp: step, _runtime: step, own: true }));
  server.run().lines["wandb-history.jsonl"]!.push(...other);
  await writeWholeLog(folder, 14, { startStep: 9 });
  await sync(folder, settings);
  expect(steps(server.history())).toEqual(range(1, 14));
  expect(server.history().filter(({ own }) => own).length).toBe(4);
  expect(server.of("graphql:RewindRun")).toEqual([]);
});

test("a run that went on from a checkpoint is rewound to it", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const settings = await settingsFor(server.url);
  logSteps(await openLog(folder), 1, 15); // and then its process was killed
  await sync(folder, settings, { isOver: () => true });
  expect(server.run().exitCode).toBe(1);
  await writeWholeLog(folder, 20, { startStep: 12 });
  const { notes } = await sync(folder, settings);
  expect(notes).toEqual([]);
  expect(server.of("graphql:RewindRun").map(({ body }) => body.variables.metricValue)).toEqual([12]);
  expect(steps(server.history())).toEqual(range(1, 20));
  expect(server.run().state).toBe("finished");
  expect(brokenRules(server.requests)).toEqual([]);
});

test("a run is not rewound over what another client has added to it", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const settings = await settingsFor(server.url);
  await writeWholeLog(folder, 5);
  await sync(folder, settings);
  const other = range(6, 9).map((step) => JSON.stringify({ _step: step, _timestamp: step, _runtime: step, own: true }));
  server.run().lines["wandb-history.jsonl"]!.push(...other);
  await writeWholeLog(folder, 12, { startStep: 5 });
  const { notes } = await sync(folder, settings);
  expect(notes.join("\n")).toContain("somebody else has added steps up to 9 so it is not rewound to 5");
  expect(server.of("graphql:RewindRun")).toEqual([]);
  expect(steps(server.history())).toEqual(range(1, 12));
  expect(server.history().filter(({ own }) => own).length).toBe(4);
});

test("steps that the server does not give up stay, and are not sent again", async () => {
  await using server = await startWandbServer();
  server.settings.rewinds = false;
  const folder = runFolderIn(workFolder());
  const settings = await settingsFor(server.url);
  logSteps(await openLog(folder), 1, 15);
  await sync(folder, settings);
  await writeWholeLog(folder, 20, { startStep: 12 });
  const { notes, rows } = await sync(folder, settings);
  expect(rows).toBe(5);
  expect(notes.join("\n")).toContain("does not rewind to 12");
  expect(notes.join("\n")).toContain("3 rows were left out");
  expect(steps(server.history())).toEqual(range(1, 20));
  expect(brokenRules(server.requests)).toEqual([]);
});

test("of steps that were taken twice before anything was sent the later ones are sent", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  logSteps(await openLog(folder), 1, 15);
  await writeWholeLog(folder, 20, { startStep: 12 });
  await sync(folder, await settingsFor(server.url));
  expect(server.of("graphql:RewindRun")).toEqual([]);
  expect(steps(server.history())).toEqual(range(1, 20));
  expect(brokenRules(server.requests)).toEqual([]);
});

test("a log that ends in the middle of a record is sent to its last whole one, as failed", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  logSteps(log, 1, 4);
  appendFileSync(log.segment.log, Buffer.from([1, 2, 3, 4, 200, 0, 1, 9, 9]));
  await sync(folder, await settingsFor(server.url));
  expect(steps(server.history())).toEqual(range(1, 4));
  expect(server.run()).toMatchObject({ state: "failed", exitCode: 1 });
});

test("a server may put a run under another entity", async () => {
  await using server = await startWandbServer();
  Object.assign(server.settings, { entity: "team", rewritesEntity: true });
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, 3, { entity: "me" });
  const { page } = await sync(folder, await settingsFor(server.url));
  expect(page).toContain("/team/labels/runs/");
  expect(server.of("file_stream").every(({ path }) => path.startsWith("/files/team/"))).toBe(true);
  expect(steps(server.history())).toEqual([1, 2, 3]);
});

test("lines above what a request holds go in several", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  for (let step = 1; step <= 5; step++) log.log({ text: "x".repeat(3 * 2 ** 20) }, step);
  log.log({ text: "x".repeat(11 * 2 ** 20) }, 6);
  log.log({ loss: 1 }, 7);
  log.finish(0);
  const { notes } = await sync(folder, await settingsFor(server.url), { pace: FAST_PACE });
  expect(steps(server.history())).toEqual([1, 2, 3, 4, 5, 7]);
  expect(notes.join()).toContain("1 row was left out: longer than W&B takes");
  expect(Math.max(...server.of("file_stream").map(({ bytes }) => bytes))).toBeLessThan(11 * 2 ** 20);
  expect(brokenRules(server.requests)).toEqual([]);
});

test("a file that failed is sent later without undoing what came after its part of the run", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const settings = await settingsFor(server.url);
  const log = await openLog(folder, { config: { rank: 8 } });
  logSteps(log, 1, 5);
  log.saveFile("note.txt", "hello");
  log.finish(0);
  server.fault({ match: "storage", status: 400 });
  expect(await sync(folder, settings)).toMatchObject({ isWhole: false });
  server.fault({ match: "storage", status: 400 });
  await writeWholeLog(folder, 9, { startStep: 5, config: { rank: 16 } });
  expect(await sync(folder, settings)).toMatchObject({ isWhole: false });
  const before = { summary: server.run().summary, config: server.run().config, lines: server.of("file_stream").length };
  const { isWhole, notes } = await sync(folder, settings);
  expect({ isWhole, notes }).toEqual({ isWhole: true, notes: [] });
  expect([...server.stored.keys()].some((path) => path.endsWith("/note.txt"))).toBe(true);
  expect(JSON.parse(server.run().config)).toMatchObject({ rank: { value: 16 } });
  expect({
    summary: server.run().summary,
    config: server.run().config,
    lines: server.of("file_stream").length,
  }).toEqual(before);
  expect(steps(server.history())).toEqual(range(1, 9));
});

test("pictures and tables of rows arrive before the run ends, tables as artifacts too", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  const picture = log.image(PIXEL, { caption: "34 gram", width: 1, height: 1, format: "png" });
  for (const step of [1, 2]) {
    log.log({ loss: 1, img: picture, imgs: [picture, picture], table: log.table(["a", "b"], [[1, "x"]]) }, step);
  }
  log.finish(0);
  await sync(folder, await settingsFor(server.url));
  const paths = [...server.stored.keys()].map((path) => path.replace(/^.storage.test-entity.labels.[a-z0-9]*./, ""));
  const { img, table } = server.history()[1];
  expect(paths).toContain(img.path);
  expect(paths).toContain(table.path);
  expect(server.stored.get(`/storage/test-entity/labels/${log.id}/${img.path}`)).toEqual(PIXEL);
  expect(server.artifacts.map(({ input, isCommitted }) => [input.artifactTypeName, isCommitted])).toEqual([
    ["run_table", true],
    ["run_table", true],
  ]);
  const kinds = server.requests.map(({ kind }) => kind);
  expect(kinds.lastIndexOf("storage")).toBeLessThan(kinds.lastIndexOf("file_stream"));
  expect(brokenRules(server.requests)).toEqual([]);
});

test("a run whose folder was moved has its artifacts all the same", async () => {
  await using server = await startWandbServer();
  const work = workFolder();
  const log = await openLog(runFolderIn(work));
  log.artifact({ name: "adapter", type: "model", files: { "adapter.bin": Buffer.from("weights") } });
  log.finish(0);
  renameSync(join(work, "quiet-otter-17"), join(work, "moved"));
  expect(await sync(join(work, "moved"), await settingsFor(server.url))).toMatchObject({ isWhole: true, notes: [] });
  expect([...server.stored].find(([path]) => path.endsWith("adapter.bin"))![1].toString()).toBe("weights");
});

test("an artifact whose file has changed since is not sent as what it was", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  log.artifact({ name: "adapter", type: "model", files: { "adapter.bin": Buffer.from("weights") } });
  log.finish(0);
  for (const name of readdirSync(log.segment.staging)) writeFileSync(join(log.segment.staging, name), "others");
  const { isWhole, notes } = await sync(folder, await settingsFor(server.url));
  expect(isWhole).toBe(false);
  expect(notes.join()).toContain("artifact adapter could not be sent: its file adapter.bin has changed since");
  expect(server.artifacts).toEqual([]);
  expect(server.run().state).toBe("finished");
});

/** The folder of a run whose log another program wrote. */
function writeForeignLog(work: string, payloads: readonly Uint8Array[]): string {
  const folder = runFolderIn(work);
  const segment = join(folder, "wandb", "run-20261126_120000-a1b2c3d4");
  mkdirSync(join(segment, "files"), { recursive: true });
  writeFileSync(join(folder, "wandb", "run.json"), JSON.stringify({ id: "a1b2c3d4", segments: [basename(segment)] }));
  const log = openBlockLog(join(segment, "run-a1b2c3d4.wandb"));
  for (const payload of payloads) log.append(payload);
  log.close();
  return folder;
}

const FOREIGN_RUN = encodeWandbRecord({ run: { runId: "a1b2c3d4", project: "labels" } });

test("a record of another kind, whole as it is, is passed over and told of", async () => {
  await using server = await startWandbServer();
  const row = (step: number) =>
    encodeWandbRecord({ history: { item: [{ key: "_step", valueJson: String(step) }], step: { num: step } } });
  const other = Buffer.from([0xff, 0xff, 0xff]);
  const folder = writeForeignLog(workFolder(), [other, FOREIGN_RUN, row(1), other, row(2)]);
  const { isWhole, notes } = await sync(folder, await settingsFor(server.url));
  expect(isWhole).toBe(true);
  expect(steps(server.history())).toEqual([1, 2]);
  expect(notes).toEqual([expect.stringMatching(/run-a1b2c3d4\.wandb: 6 bytes in it are no record$/)]);
});

test("a file that is none of the run's is not sent, whatever the log calls it", async () => {
  await using server = await startWandbServer();
  const work = workFolder();
  writeFileSync(join(work, "secret.txt"), "secret");
  const paths = ["../../../../secret.txt", "media/../../../../../secret.txt", "", "."];
  const files = encodeWandbRecord({ files: { files: paths.map((path) => ({ path })) } });
  const { isWhole, notes } = await sync(writeForeignLog(work, [FOREIGN_RUN, files]), await settingsFor(server.url));
  expect(isWhole).toBe(true);
  expect([...server.stored.values()].map(String)).not.toContain("secret");
  expect(notes).toEqual(
    paths.map((path) => `${JSON.stringify(path)} is no name for a file of the run: it is not sent`),
  );
});
