import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { train } from "../../../src/recipes/train.ts";
import { amlc, startAmlc } from "../../support/cli.ts";
import { historyOf, tinyConfig, writeQuickRows } from "../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder(FAST_FOLDER);
const quickRows = writeQuickRows(join(folder, "quick.csv"));

const trainQuick = async (name: string, steps: number) =>
  (await train(tinyConfig(folder, `data.train=${quickRows}`, `train.max_steps=${steps}`, `run.name=${name}`))).run;

describe("amlc rerun", () => {
  let run: string;
  beforeAll(async () => {
    run = await trainQuick("first", 3);
  });

  test("prints that the history is equal, of how many steps and fields, and where the new run is", async () => {
    expect(await runProgram(["rerun", run])).toBe(0);
    expect(printed.out).toMatch(/^rerun +steps +fields +history\n(\S+) +3 +7 +equal\n$/);
    expect(printed.out).toContain(join(folder, "first-rerun "));
  });

  test("--json prints one document", async () => {
    expect(await runProgram(["rerun", run, "--steps", "2", "--name", "asked", "--json"])).toBe(0);
    expect(JSON.parse(printed.out)).toEqual({
      run,
      rerun: join(folder, "asked"),
      equal: true,
      steps: 2,
      fields: expect.arrayContaining(["loss", "grad_norm"]),
      difference: null,
      environment: [],
    });
  });

  test("help has examples and fits 100 columns", async () => {
    expect(await runProgram(["rerun", "--help"])).toBe(0);
    expect(printed.out).toMatch(/^Examples:\n {2}amlc rerun /m);
    expect(Math.max(...printed.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  describe("leaves with 1 when a step comes out otherwise, and prints", () => {
    beforeAll(() => {
      const file = join(run, "history.jsonl");
      writeFileSync(file, readFileSync(file, "utf8").replace(/"loss":[^,]+/, '"loss":1.25'));
      const environment = join(run, "environment.json");
      writeFileSync(environment, readFileSync(environment, "utf8").replace(/"cpu": ".*"/, '"cpu": "1 × abacus"'));
    });

    test("the first difference with every digit, what else is different, and a hint", async () => {
      const { loss } = historyOf(join(folder, "first-rerun"))[0]!;
      expect(await runProgram(["rerun", run, "--steps", "1"])).toBe(1);
      expect(printed.out).toMatch(/ 1 +7 +differs\n/);
      expect(printed.out).toMatch(new RegExp(`\nstep +field +before +again\n +1 +loss +1\\.25 +${loss}\n`));
      expect(printed.out).toMatch(/\nenvironment +before +again\ncpu +1 × abacus +\d+ × /);
      expect(printed.err).toContain(`${run} is not reproduced: loss differs at step 1`);
      expect(printed.err).toContain("hint: the environment is another; base, photographs");
    });

    test("with --json one document that has the error, too", async () => {
      expect(await runProgram(["rerun", run, "--steps", "1", "--json"])).toBe(1);
      expect(JSON.parse(printed.out)).toMatchObject({
        equal: false,
        difference: { step: 1, field: "loss", before: 1.25 },
        environment: [{ name: "cpu", before: "1 × abacus" }],
        error: { message: expect.stringContaining("not reproduced") },
      });
    });
  });

  test("told to stop by Ctrl-C saves, names the way to go on and leaves with 130", async () => {
    const long = await trainQuick("long", 40);
    const started = startAmlc(folder, ["rerun", long]);
    await started.told(/^\d+\/40 steps {2}loss/m);
    started.process.kill("SIGINT");
    const { code, stdout, stderr } = await started.ended;
    expect([code, stdout], stderr).toEqual([130, ""]);
    const command = /hint: go on with: amlc (.*)/.exec(stderr)![1]!.split(" ");
    expect((await amlc(folder, ...command)).code).toBe(0);
    expect(historyOf(join(folder, "long-rerun"))).toEqual(historyOf(long));
  });
});
