import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockFolder, lockState } from "../../src/util/folder-lock.ts";

const TRAINING = { prefix: "trainer", does: "is training this run", instead: "start another run" };
const folder = () => mkdtempSync(join(tmpdir(), "amlc-lock-"));
const locks = (path: string) => readdirSync(path).filter((name) => name.endsWith(".lock"));
const host = hostname().replace(/[^A-Za-z0-9.]/g, "_");

function plant(path: string, pid: number, start: string, machine = host): void {
  writeFileSync(join(path, `trainer-${pid}-${start}-${machine}-00000000.lock`), "");
}

/** A process of its own, and when it started; `undefined` where the system does not say. */
function startProcess() {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const file = `/proc/${child.pid}/stat`;
  return { child, pid: child.pid!, start: existsSync(file) ? readFileSync(file, "utf8").split(" ")[21] : "x" };
}

test("the second trainer of a folder is told which process has it, until that lets go", async () => {
  const path = folder();
  const lock = await lockFolder(path, TRAINING);
  await expect(lockFolder(path, TRAINING)).rejects.toThrow(`${path}: process ${process.pid} is training this run`);
  lock.release();
  (await lockFolder(path, TRAINING)).release();
  expect(locks(path)).toEqual([]);
});

test("the lock of a killed process does not count", async () => {
  const path = folder();
  const { child, pid, start } = startProcess();
  plant(path, pid, start);
  await expect(lockFolder(path, TRAINING)).rejects.toThrow(`process ${pid} is training`);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await lockFolder(path, TRAINING);
  expect(locks(path)).toHaveLength(1);
  lock.release();
});

test.runIf(existsSync("/proc/self/stat"))("a process that got a dead trainer's number does not count", async () => {
  const path = folder();
  plant(path, process.pid, "1");
  (await lockFolder(path, TRAINING)).release();
});

test("a trainer on another machine counts, for nobody here can ask after it", async () => {
  const path = folder();
  plant(path, 1, "1", "elsewhere");
  await expect(lockFolder(path, TRAINING)).rejects.toThrow("process 1 on elsewhere is training this run");
});

test("of many that come at once over a dead lock, exactly one trains", async () => {
  const path = folder();
  plant(path, 2 ** 30, "1");
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => lockFolder(path, TRAINING)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("another purpose has a lock of its own, and its own words", async () => {
  const path = folder();
  const reading = { prefix: "reader", does: "is reading here", instead: "read elsewhere" };
  using _training = await lockFolder(path, TRAINING);
  using _reading = await lockFolder(path, reading);
  await expect(lockFolder(path, reading)).rejects.toMatchObject({
    message: `${path}: process ${process.pid} is reading here`,
    hint: "wait for it, stop it with Ctrl-C, or read elsewhere",
  });
});

test("who has a folder can be seen without a trace: a living process, a dead one, one elsewhere, nobody", async () => {
  const path = folder();
  expect(lockState(path, TRAINING)).toBe("none");
  expect(lockState(join(path, "gone"), TRAINING)).toBe("none");
  plant(path, 2 ** 30, "1");
  expect(lockState(path, TRAINING)).toBe("dead");
  expect(locks(path)).toHaveLength(1);
  expect(lockState(path, { prefix: "reader" })).toBe("none");
  const lock = await lockFolder(path, TRAINING);
  expect(lockState(path, TRAINING)).toBe("held");
  lock.release();
  plant(path, 1, "1", "elsewhere");
  expect(lockState(path, TRAINING)).toBe("held");
});
