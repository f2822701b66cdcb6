import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { MAIN } from "../../support/cli.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const PART = join(MAIN, "..", "..", "recipes", "predict", "part-process.js");

/** For what takes a tenth of a second, on a machine that may be busy. */
const PATIENCE_MS = 20_000;

/** Once the program can be given a task, it tells its number and hears of nothing any more, as in a long computation. */
const DEAF = `
  import { writeSync } from "node:fs";
  const timer = setInterval(() => {
    if (process.listenerCount("message") === 0) return;
    clearInterval(timer);
    writeSync(2, String(process.pid));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }, 5);
`;

test.skipIf(process.platform === "win32")(
  "a part's process ends with the one that started it, even in the middle of a computation",
  async () => {
    const deaf = join(folder, "deaf.mjs");
    writeFileSync(deaf, DEAF);
    const options = { execArgv: ["--import", pathToFileURL(deaf).href], stdio: ["ignore", "ignore", "inherit", "ipc"] };
    const start = `require("node:child_process").fork(${JSON.stringify(PART)}, ${JSON.stringify(options)})`;
    const parent = spawn(process.execPath, ["-e", start], { stdio: ["ignore", "ignore", "pipe"] });
    const closed = once(parent.stderr!, "close"); // shared by both: it is closed when both are gone
    const [told] = (await once(parent.stderr!, "data")) as [Buffer];
    const pid = Number(told);
    expect(() => process.kill(pid, 0), String(told)).not.toThrow();
    parent.kill("SIGKILL");
    const late = setTimeout(() => process.kill(pid, "SIGKILL"), PATIENCE_MS);
    const started = performance.now();
    await closed;
    clearTimeout(late);
    expect(performance.now() - started).toBeLessThan(PATIENCE_MS);
  },
);
