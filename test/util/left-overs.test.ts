import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openFileAtomic } from "../../src/util/files.ts";
import { LONG_SILENT, sweepBegunFiles } from "../../src/util/left-overs.ts";
import { workFolder } from "../support/work-folder.ts";

const [folder, place, home] = [workFolder(), workFolder(), workFolder()];

/** What a process that was killed has called the files that it had begun. */
async function killed(): Promise<(name: string) => string> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  child.kill("SIGKILL");
  await once(child, "exit");
  return (name) => `${name}.${child.pid}-0a1b2c3d.tmp`;
}

test("what killed writers had begun is removed; files of others, and those that are being written, stay", async () => {
  const begun = await killed();
  const own = await openFileAtomic(join(folder, "own.csv"));
  const ours = readdirSync(folder);
  const kept = ["raw.csv", "raw.csv.tmp", "raw.csv.12.tmp", "notes.7-abc.tmp"];
  for (const name of [...kept, begun("raw.csv"), begun("plan.json")]) writeFileSync(join(folder, name), "");
  await sweepBegunFiles(folder, "raw.csv");
  expect(readdirSync(folder).sort()).toEqual([...kept, ...ours, begun("plan.json")].sort());
  await sweepBegunFiles(folder);
  expect(readdirSync(folder).sort()).toEqual([...kept, ...ours].sort());
  await own.commit();
});

test("the name is the one that a writer gives", async () => {
  const file = await openFileAtomic(join(place, "table.csv"));
  const pid = (await killed())("").split(/[.-]/)[1]!;
  const name = readdirSync(place)[0]!;
  await file.discard();
  writeFileSync(join(place, name.replace(String(process.pid), pid)), "");
  await sweepBegunFiles(place, "table.csv");
  expect(readdirSync(place)).toEqual([]);
});

test("without a lock only what has long been silent goes", async () => {
  const begun = await killed();
  const old = new Date(Date.now() - 1000 * (LONG_SILENT + 60));
  for (const name of ["old.csv", "new.csv"]) writeFileSync(join(home, begun(name)), "");
  utimesSync(join(home, begun("old.csv")), old, old);
  await sweepBegunFiles(home, undefined, LONG_SILENT);
  expect(readdirSync(home)).toEqual([begun("new.csv")]);
});

test("a folder that is not there is as good as an empty one", async () => {
  await expect(sweepBegunFiles(join(folder, "none"))).resolves.toBeUndefined();
});
