import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { startImageThreads } from "../../src/data/image-threads.ts";
import { uniformPng } from "../support/image-server.ts";

const post = Worker.prototype.postMessage;
const ROOT = join(import.meta.dirname, "..", "..");

/** The compiled threads in a process of their own, closed while an image is on its way and the main thread is busy. */
const PROGRAM = `
const { startImageThreads } = await import(${JSON.stringify(pathToFileURL(join(ROOT, "dist", "data", "image-threads.js")))});
const image = ${JSON.stringify(join(ROOT, "data", "tiny", "images", "31EvJszFVfL.jpg"))};
const threads = startImageThreads(1);
await threads.load(image, 56);
threads.load(image, 56).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 1));
const end = performance.now() + 60;
while (performance.now() < end);
await threads.close();
process.stdout.write("closed");
`;

test("who waits for threads to close is not left alone where an answer was on its way", async () => {
  const runs = Array.from({ length: 12 }, async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const told: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => told.push(text));
    const [code] = await once(child, "close");
    return `${code} ${told.join("")}`;
  });
  expect(new Set(await Promise.all(runs))).toEqual(new Set(["0 closed"]));
});

test("of large images one at a time is decoded, in a thread that ends with it, and others beside it", async () => {
  const threads = startImageThreads(3);
  const events: string[] = [];
  const spy = vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker, task) {
    events.push(`begins ${task.width}`);
    this.once("exit", () => events.push(`ends ${task.width}`)); // what it held is free then
    post.call(this, task);
  });
  const load = (width: number) => threads.load(uniformPng(width, 4000), 24);
  await Promise.all([load(4001), load(4002), load(100)]);
  spy.mockRestore();
  const large = events.filter((event) => !event.endsWith(" 100"));
  expect(large.map((event) => event.split(" ")[0])).toEqual(["begins", "ends", "begins", "ends"]);
  expect(events.indexOf("begins 100")).toBeLessThan(events.indexOf(large[1]!));
  expect(events).not.toContain("ends 100");
  await threads.close();
});

test("a large image that waits when the threads are closed is not read", async () => {
  const threads = startImageThreads(1);
  const loads = [1, 2].map(() => threads.load(uniformPng(4001, 4000), 24).then(() => "read", String));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await threads.close();
  expect((await Promise.all(loads)).at(-1)).toMatch(/threads? that reads? images/);
});
