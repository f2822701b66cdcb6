import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

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
