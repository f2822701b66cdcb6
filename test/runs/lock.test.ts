import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockRun } from "../../src/runs/lock.ts";

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
  const lock = await lockRun(path);
  await expect(lockRun(path)).rejects.toThrow(`${path}: process ${process.pid} is training this run`);
  lock.release();
  (await lockRun(path)).release();
  expect(locks(path)).toEqual([]);
});

test("the lock of a killed process does not count", async () => {
  const path = folder();
  const { child, pid, start } = startProcess();
  plant(path, pid, start);
  await expect(lockRun(path)).rejects.toThrow(`process ${pid} is training`);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await lockRun(path);
  expect(locks(path)).toHaveLength(1);
  lock.release();
});

test.runIf(existsSync("/proc/self/stat"))("a process that got a dead trainer's number does not count", async () => {
  const path = folder();
  plant(path, process.pid, "1");
  (await lockRun(path)).release();
});

test("a trainer on another machine counts, for nobody here can ask after it", async () => {
  const path = folder();
  plant(path, 1, "1", "elsewhere");
  await expect(lockRun(path)).rejects.toThrow("process 1 on elsewhere is training this run");
});

test("of many that come at once over a dead lock, exactly one trains", async () => {
  const path = folder();
  plant(path, 2 ** 30, "1");
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => lockRun(path)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
