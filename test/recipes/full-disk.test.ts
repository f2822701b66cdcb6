import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resume, train } from "../../src/recipes/train.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import { amlc, MAIN } from "../support/cli.ts";
import { adapterBytes, historyOf, tinyConfig, trainTiny, writeQuickRows } from "../support/runs.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const rows = writeQuickRows(join(folder, "rows.csv"));
const disk = join(folder, "disk");
const mounted = mountSmallDisk(disk);

const SETTINGS = [`data.train=${rows}`, "train.max_steps=6", "train.save_every=1", "eval.max_rows=1"];

// A checkpoint is 210 kB: no room at all stops the history, little room the checkpoint.
test.skipIf(!mounted).each([0, 100_000])("a disk with %i bytes left costs no checkpoint", async (left) => {
  const whole = await train(tinyConfig(folder, ...SETTINGS, `run.name=whole-${left}`));
  const stop = new AbortController();
  const observer = { step: ({ step }: { step: number }) => void (step === 2 && stop.abort()) };
  const run = join(disk, `run-${left}`);
  await expect(
    train(tinyConfig(disk, ...SETTINGS, `run.name=run-${left}`), { observer, signal: stop.signal }),
  ).rejects.toThrow(InterruptedError);
  const [good, state] = [adapterBytes(run), historyOf(run)];

  const ballast = join(disk, "ballast");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, new Uint8Array(bavail * bsize - left));
  const { code, stderr } = await amlc(folder, "train", "--resume", run, "--force");
  expect([code, stderr]).toEqual([2, expect.stringMatching(/could not be written.*no space left on device/i)]);
  expect(stderr).toMatch(/hint: make room/);
  expect(adapterBytes(run)).toEqual(good);
  expect(historyOf(run).slice(0, 2)).toEqual(state);
  expect(readdirSync(join(run, "checkpoints"))).toEqual(["last"]);

  rmSync(ballast);
  await resume(run);
  expect(adapterBytes(run)).toEqual(adapterBytes(whole.run));
  expect(historyOf(run)).toEqual(historyOf(whole.run));
  rmSync(run, { recursive: true });
});

test.skipIf(!mounted)("a full disk gets no run", async () => {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize));
  await expect(train(tinyConfig(disk, ...SETTINGS, "run.name=none"))).rejects.toThrow(InputError);
  rmSync(join(disk, "ballast"));
  expect(readdirSync(disk)).toEqual([]);
});

// Stands for a full disk where none can be mounted: the moments of the optimiser are 139 kB, and no file may be above 96.
test.skipIf(process.platform === "win32")("a file that cannot be written ends the run with exit code 2", async () => {
  const program = [process.execPath, MAIN, ...trainTiny(...SETTINGS, `run.dir=${folder}`, "run.name=limited")];
  const ended = spawnSync("bash", ["-c", 'ulimit -f 96; exec "$@"', "bash", ...program], { encoding: "utf8" });
  expect([ended.status, ended.stderr]).toEqual([2, expect.stringMatching(/checkpoints\/last: could not be written/)]);
  expect(readdirSync(join(folder, "limited", "checkpoints"))).toEqual([]);
  expect(historyOf(join(folder, "limited"))).toHaveLength(1);
});
