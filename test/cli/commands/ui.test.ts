import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { startAmlc } from "../../support/cli.ts";
import { workFolder } from "../../support/work-folder.ts";
import { writeRun } from "../../support/written-runs.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
const folder = workFolder();
writeRun(folder, "first", {});

/** Runs the command until it has printed what is waited for, looks at it, and ends it as Ctrl-C would. */
async function ui(args: readonly string[], look: (url: string) => Promise<void>): Promise<number> {
  const code = runProgram(["ui", folder, "--port", "0", ...args]);
  while (!printed.err.includes("Ctrl-C")) await new Promise((resolve) => setTimeout(resolve, 5));
  await look(/http:[^\s"]+/.exec(printed.out)![0]);
  process.emit("SIGINT");
  return code;
}

describe("amlc ui", () => {
  test("prints the address, serves the runs, and ends with Ctrl-C", async () => {
    let seen = "";
    const code = await ui([], async (url) => {
      seen = await (await fetch(`${url}api/runs`)).text();
      await fetch(`${url}api/events`); // whoever still listens does not keep it
    });
    expect(code).toBe(0);
    expect(seen).toContain('"name":"first"');
    expect(printed.out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });

  test("compiled, reads histories in a thread, and ends by a polite kill", async () => {
    const { process: child, told, ended } = startAmlc(folder, ["ui", folder, "--port", "0"]);
    let out = "";
    child.stdout!.on("data", (text) => (out += text));
    await told(/Ctrl-C/);
    const response = await fetch(`${out.trim()}api/series?run=first&metric=loss`);
    expect(await response.json()).toMatchObject({ series: [{ run: "first", x: [1, 2, 3], mean: [4, 3, 2] }] });
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });

  test("--json prints one document", async () => {
    await ui(["--json"], async (url) => expect(JSON.parse(printed.out)).toEqual({ url }));
  });

  test("says so when others can reach it", async () => {
    await ui(["--host", "0.0.0.0"], async (url) => expect(url).toContain("/?token="));
    expect(printed.err).toContain("others can reach this page");
  });

  test("--help has examples", async () => {
    expect(await runProgram(["ui", "--help"])).toBe(0);
    expect(printed.out).toContain("amlc ui --host 0.0.0.0");
    expect(printed.out).toContain('[default: "experiments"]');
  });

  test.each([
    ["a folder that is not there", [join(folder, "gone")], "there is no such folder", "such as experiments"],
    ["a port that is none", [folder, "--port", "99999"], "--port 99999: is no port", "from 1 to 65535"],
    ["a port that is no number", [folder, "--port", "many"], "--port many: wants a number", ""],
  ])("refuses %s", async (_, args, message, hint) => {
    expect(await runProgram(["ui", ...args])).toBe(2);
    expect(printed.err).toContain(message);
    expect(printed.err).toContain(hint);
  });
});
