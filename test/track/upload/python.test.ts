import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readTrackedRun } from "../../../src/track/run-segments.ts";
import { startUpload } from "../../../src/track/upload/start-upload.ts";
import { whyNoPython } from "../../support/python.ts";
import { FAST_PACE, FAST_PAUSES, KEY, openLog, runFolderIn, settingsFor, sync } from "../../support/tracked-runs.ts";
import { brokenRules, startWandbServer, type WandbTestServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

const PYTHON = process.env.AMLC_PYTHON ?? "python3";
/** A test that says why it is skipped where W&B's own client is not there. */
function peer(name: string, work: () => Promise<void>): void {
  test(name, async ({ skip }) => {
    const reason = await whyNoPython(["wandb"]);
    skip(reason !== undefined, reason);
    await work();
  });
}

const CONFIG = { lr: 1e-3, layers: 2, nested: { a: 1, b: [1, 2] }, opt: "adamw" };

/** The same run as {@link logTwenty}; arguments: id, resume, steps. */
const SCRIPT = `
import math, sys, wandb
name, resume, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
run = wandb.init(project="labels", id=name, resume=resume, name="demo", group="g1", job_type="train", tags=["a", "b"],
                 notes="note", config={"lr": 1e-3, "layers": 2, "nested": {"a": 1, "b": [1, 2]}, "opt": "adamw"})
run.define_metric("epoch")
run.define_metric("val/loss", step_metric="epoch", summary="min")
for s in range(steps):
    row = {"loss": 10 / (10 + s), "acc": s / 20, "train/lr": 1e-3}
    if s % 5 == 0:
        row |= {"val/loss": 9 / (9 + s), "epoch": s // 5}
    if s == 3:
        row |= {"nan": math.nan, "inf": math.inf}
    run.log(row)
run.config["late"] = True
run.summary["best"] = 0.1
run.finish()
`;

const API = `
import json, sys, wandb
run = wandb.Api().run(sys.argv[1])
rows = list(run.scan_history())
print(json.dumps({"state": run.state, "config": run.config, "name": run.name, "tags": run.tags,
                  "steps": [row["_step"] for row in rows], "loss": [row.get("loss") for row in rows],
                  "best": run.summary["best"], "files": sorted(f.name for f in run.files())}))
`;

async function runPython(server: WandbTestServer, text: string, ...args: readonly string[]): Promise<string> {
  const folder = workFolder();
  const script = join(folder, "script.py");
  writeFileSync(script, text);
  return inPython(server, folder, script, ...args);
}

async function inPython(server: WandbTestServer, folder: string, ...args: readonly string[]): Promise<string> {
  const own = { WANDB_BASE_URL: server.url, WANDB_API_KEY: KEY, WANDB_SILENT: "true", WANDB_DIR: folder, HOME: folder };
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("WANDB_"));
  const env = { ...Object.fromEntries(kept), ...own, WANDB_X_DISABLE_STATS: "true" };
  return (await promisify(execFile)(PYTHON, [...args], { env, cwd: folder })).stdout;
}

async function logTwenty(folder: string, id: string, { from = 0, steps = 20 } = {}) {
  const log = await openLog(folder, {
    ...{ id, mode: "online", displayName: "demo", group: "g1", jobType: "train", tags: ["a", "b"], notes: "note" },
    ...{ config: CONFIG, startStep: Math.max(0, from - 1) },
  });
  log.defineMetric("epoch", {});
  log.defineMetric("val/loss", { stepMetric: "epoch", summary: "min" });
  for (let s = 0; s < steps; s++) {
    const evaluated = s % 5 === 0 ? { "val/loss": 9 / (9 + s), epoch: Math.floor(s / 5) } : {};
    const odd = s === 3 ? { nan: Number.NaN, inf: Infinity } : {};
    log.log({ loss: 10 / (10 + s), acc: s / 20, "train/lr": 1e-3, ...evaluated, ...odd }, from + s);
  }
  log.config({ late: true });
  log.summary({ best: 0.1 });
  log.finish(0);
  return log;
}

const settingsOf = (server: WandbTestServer) => settingsFor(server.url, { WANDB_ENTITY: "test-entity" });

const withoutTime = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !/^(_timestamp|_runtime|_wandb)$/.test(name)));

/** What a server holds of a run when all is said, without what tells one client from another. */
function essence(server: WandbTestServer) {
  const run = server.run();
  const config = JSON.parse(run.config);
  const { m } = config._wandb.value;
  const { groupName, displayName, notes, tags, jobType } = run.fields;
  return {
    history: server.history().map(withoutTime),
    summary: withoutTime(JSON.parse(run.summary.replaceAll("NaN", '"NaN"').replaceAll("Infinity", '"Infinity"'))),
    config: withoutTime(config),
    metrics: new Set(m.map((metric: Readonly<Record<string, unknown>>) => JSON.stringify({ ...metric, 5: undefined }))),
    fields: { groupName, displayName, notes, tags, jobType },
    outcome: { state: run.state, exitCode: run.exitCode },
  };
}

/** Kinds of requests that a run consists of; what a client asks beside them is its own. */
function operations(server: WandbTestServer): ReadonlySet<string> {
  const asides = /other|Viewer|OrganizationCoreWeave|ServerFeatures|RunResumeStatus|RunStopped/;
  return new Set(server.requests.map(({ kind }) => kind).filter((kind) => !asides.test(kind)));
}

peer("the same twenty steps in Python and here are the same run", async () => {
  await using theirs = await startWandbServer();
  await runPython(theirs, SCRIPT, "run00001", "allow", "20");
  await using ours = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const settings = await settingsOf(ours);
  await logTwenty(folder, "run00001");
  const upload = startUpload({
    ...{ folder, settings, pace: FAST_PACE, pauses: FAST_PAUSES, onNote: () => {}, onStop: () => {} },
  });
  expect(await upload.finish(30)).toMatchObject({ sent: true });
  expect(essence(ours)).toEqual(essence(theirs));
  expect(operations(ours)).toEqual(operations(theirs));
  expect(brokenRules(theirs.requests)).toEqual([]);
  expect(brokenRules(ours.requests)).toEqual([]);
});

peer("Python's API reads a run of ours", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await logTwenty(folder, "run00001");
  await sync(folder, await settingsOf(server));
  const read = JSON.parse((await runPython(server, API, "test-entity/labels/run00001")).replaceAll("NaN", "null"));
  expect(read).toMatchObject({ state: "finished", config: { ...CONFIG, late: true }, name: "demo", tags: ["a", "b"] });
  expect(read.steps).toEqual(Array.from({ length: 20 }, (_, step) => step));
  expect(read.loss).toEqual(Array.from({ length: 20 }, (_, step) => 10 / (10 + step)));
  expect(read.best).toBe(0.1);
  expect(read.files).toEqual(["config.yaml", "wandb-metadata.json", "wandb-summary.json"]);
});

peer("Python resumes a run of ours, and we resume it again", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const settings = await settingsOf(server);
  await logTwenty(folder, "run00001");
  await sync(folder, settings);
  await runPython(server, SCRIPT, "run00001", "must", "5");
  expect(server.history().length).toBe(25);
  await logTwenty(folder, "run00001", { from: 25, steps: 10 });
  const { notes } = await sync(folder, settings);
  expect(notes).toEqual([]);
  expect(server.history().map(({ _step }) => _step)).toEqual(Array.from({ length: 35 }, (_, step) => step));
  expect(brokenRules(server.requests)).toEqual([]);
});

peer("we resume a run of Python's", async () => {
  await using server = await startWandbServer();
  await runPython(server, SCRIPT, "run00001", "allow", "20");
  const folder = runFolderIn(workFolder());
  await logTwenty(folder, "run00001", { from: 20, steps: 10 });
  await sync(folder, await settingsOf(server));
  expect(server.history().map(({ _step }) => _step)).toEqual(Array.from({ length: 30 }, (_, step) => step));
  expect(JSON.parse(server.run().summary.replaceAll(/NaN|Infinity/g, "0"))).toMatchObject({ best: 0.1, _step: 29 });
  expect(brokenRules(server.requests)).toEqual([]);
});

peer("wandb sync sends a log of ours, and ours knows that", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  await logTwenty(folder, "run00001");
  const [segment] = (await readTrackedRun(folder))!.segments;
  await inPython(server, workFolder(), "-m", "wandb", "sync", "--no-skip-online", dirname(segment!.log));
  expect(server.history().length).toBe(20);
  expect(await sync(folder, await settingsOf(server))).toMatchObject({ isWhole: true, sentLogs: 0 });
});
