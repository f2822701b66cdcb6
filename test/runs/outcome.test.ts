import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runFolder } from "../../src/runs/folder.ts";
import { clearOutcome, readOutcome, writeOutcome } from "../../src/runs/outcome.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

function newRun(name: string) {
  const run = runFolder(join(folder, name));
  mkdirSync(run.path);
  return run;
}

test("how a training ended is there until it begins again", async () => {
  const run = newRun("ended");
  expect(await readOutcome(run)).toBeNull();
  await writeOutcome(run, { outcome: "stopped", step: 12, reason: "Ctrl-C" });
  expect(await readOutcome(run)).toEqual({ outcome: "stopped", step: 12, reason: "Ctrl-C" });
  await writeOutcome(run, { outcome: "finished", step: 20 });
  expect(await readOutcome(run)).toEqual({ outcome: "finished", step: 20 });
  await clearOutcome(run);
  await clearOutcome(run);
  expect(await readOutcome(run)).toBeNull();
  expect(readdirSync(run.path)).toEqual([]);
});

test.each([
  ["half a file", '{"outcome":"fini', "is not JSON"],
  ["an outcome that nobody knows", '{"outcome":"exploded","step":3}', "outcome"],
  ["a step that is none", '{"outcome":"failed","step":-1}', "step"],
])("%s is told with the file's name", async (name, text, message) => {
  const run = newRun(name.replaceAll(" ", "-"));
  writeFileSync(join(run.path, "outcome.json"), text);
  const error = await readOutcome(run).catch(({ message }: Error) => message);
  expect(error).toContain(join(run.path, "outcome.json"));
  expect(error).toContain(message);
});
