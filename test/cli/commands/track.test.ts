import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { startAmlc } from "../../support/cli.ts";
import { KEY, openLog, runFolderIn, writeWholeLog } from "../../support/tracked-runs.ts";
import { startWandbServer, type WandbTestServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";
import { captureOutput } from "../capture.ts";

const printed = captureOutput();
let server: WandbTestServer;
const kept = { ...process.env };

beforeEach(async () => {
  server = await startWandbServer();
  process.env.WANDB_API_KEY = KEY;
  process.env.WANDB_BASE_URL = server.url;
});

afterEach(async () => {
  for (const name of ["WANDB_API_KEY", "WANDB_BASE_URL"]) {
    if (kept[name] === undefined) delete process.env[name];
    else process.env[name] = kept[name];
  }
  await server.close();
});

describe("amlc track sync", () => {
  test("says how much was sent, and where the run is seen", async () => {
    const folder = runFolderIn(workFolder());
    const { id } = await writeWholeLog(folder, 7);
    expect(await runProgram(["track", "sync", folder])).toBe(0);
    expect(printed.out).toBe(`${folder}: 7 rows are sent\n  ${server.url}/test-entity/labels/runs/${id}\n`);
    expect(server.history().length).toBe(7);
  });

  test("says of a run that is there that it was", async () => {
    const folder = runFolderIn(workFolder());
    await writeWholeLog(folder, 7);
    await runProgram(["track", "sync", folder]);
    expect(await runProgram(["track", "sync", folder])).toBe(0);
    expect(printed.out).toContain(`${folder}: no row was left to send`);
  });

  test("--json prints one document, of several runs too", async () => {
    const work = workFolder();
    const folders = ["a", "b"].map((name) => runFolderIn(work, name));
    for (const folder of folders) await writeWholeLog(folder, 2);
    expect(await runProgram(["track", "sync", ...folders, "--json"])).toBe(0);
    expect(JSON.parse(printed.out)).toEqual({
      server: server.url,
      runs: folders.map((folder) => ({ folder, page: expect.any(String), rows: 2, whole: true, error: null })),
    });
  });

  test("a server that refuses is bad input, and the key is not shown", async () => {
    const folder = runFolderIn(workFolder());
    await writeWholeLog(folder, 2);
    server.settings.key = "f".repeat(40);
    expect(await runProgram(["track", "sync", folder, "--json"])).toBe(2);
    expect(printed.err).toContain("the server does not know the key (401)");
    expect(printed.err).toContain("the key is from WANDB_API_KEY");
    expect(JSON.parse(printed.out)).toMatchObject({
      runs: [{ folder, whole: false }],
      error: { hint: expect.any(String) },
    });
    expect(printed.err + printed.out).not.toContain(KEY);
  });

  test("without a run it says what it wants", async () => {
    expect(await runProgram(["track", "sync"])).toBe(2);
    expect(printed.err).toContain("error:");
  });

  test("Ctrl-C stops it with what to do next, and the next one goes on", async () => {
    const folder = runFolderIn(workFolder());
    await writeWholeLog(folder, 3);
    server.fault({ match: "file_stream", sleepMs: 60_000 });
    const { process: child, ended } = startAmlc(folder, ["track", "sync", folder]);
    while (server.of("file_stream").length === 0 && child.exitCode === null)
      await new Promise((go) => setTimeout(go, 5));
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining("start the same command again") });
    expect(await runProgram(["track", "sync", folder])).toBe(0);
    expect(server.history().length).toBe(3);
  });

  test("a run whose log holds nothing yet is told as whole", async () => {
    const folder = runFolderIn(workFolder());
    (await openLog(folder)).finish(0);
    expect(await runProgram(["track", "sync", folder])).toBe(0);
    expect(server.run().state).toBe("finished");
  });
});
