import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { table } from "table";
import { formatConfig, loadConfig } from "../src/config/load.ts";
import { runFolder } from "../src/runs/folder.ts";
import { chromiumOptions, findChromium } from "../test/support/chromium.ts";

/*
 * amlc ui over 200 runs of 100,000 steps, and answers to 100,000 rows, as a browser sees it: milliseconds from opening
 * the page to the table of all runs, from a click to the curves of 20 runs in four charts, from a drag to the stretch in
 * full detail, and the longest frame while answers are scrolled. The first time nothing has been read, the second time all.
 *
 *     npm run bench:ui              # CHROMIUM_PATH names a browser; default the one on the path
 */
const ROOT = join(import.meta.dirname, "..", "..");
const WORK = join(ROOT, "build", "bench-ui");
const [RUNS, STEPS, KINDS, ROWS, DRAWN] = [200, 100_000, 10, 100_000, 20];

const nameOf = (i: number) => `run-${String(i).padStart(3, "0")}`;

/** Histories of ten kinds, each under twenty names: files of their own all the same. */
function writeRuns(): void {
  rmSync(WORK, { recursive: true, force: true });
  for (let i = 0; i < RUNS; i++) {
    const run = runFolder(join(WORK, nameOf(i)));
    mkdirSync(run.path, { recursive: true });
    const sets = [`run.name=${nameOf(i)}`, `run.dir=${WORK}`, `train.max_steps=${STEPS}`, `train.seed=${i}`];
    writeFileSync(run.config, formatConfig(loadConfig({ config: "lora-r8-tiny", sets })));
    if (i < KINDS) writeFileSync(run.history, historyOf(i));
    else copyFileSync(runFolder(join(WORK, nameOf(i % KINDS))).history, run.history);
  }
  writeFileSync(runFolder(join(WORK, nameOf(0))).predictions("val"), answers());
}

function historyOf(kind: number): string {
  const lines: string[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const noise = ((step * 2654435761) % 1000) / 1000;
    const loss = 4 / (1 + step / (500 + 100 * kind)) + 0.2 * noise;
    const cost = { samples: 16, seconds: 0.25 };
    lines.push(JSON.stringify({ step, epoch: 1, loss, grad_norm: 1 + noise, lr: 1e-3 * (1 - step / STEPS), ...cost }));
  }
  return `${lines.join("\n")}\n`;
}

function answers(): string {
  const rows = Array.from({ length: ROWS }, (_, i) => `${i},item_weight,${i % 50}.0 gram,7.0 gram`);
  return `index,entity_name,prediction,truth\n${rows.join("\n")}\n`;
}

async function serve(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const args = [join(ROOT, "dist", "cli", "main.js"), "ui", WORK, "--port", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const printed = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (data) => resolve(String(data)));
    child.once("exit", (code) => reject(new Error(`amlc ui left with ${code}`)));
  });
  return { url: printed.split("\n")[0]!, child };
}

/** Milliseconds until an expression holds, then until the frame that shows it; counted from `start`, an expression too. */
function timed(page: Page, start: string, act: string, sign: string): Promise<number> {
  return page.evaluate<number>(`(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const start = ${start};
    ${act};
    while (!(${sign})) await frame();
    await frame();
    return performance.now() - start;
  })()`);
}

const HAS_ROWS = `document.querySelectorAll("tbody tr").length === ${RUNS}`;
const HAS_CURVES = `document.querySelectorAll('.canvas[aria-label*="of ${DRAWN} runs"] canvas').length === 4`;
const SCROLL = `(async () => {
  const list = document.querySelector("[role=grid]");
  let longest = 0;
  for (let i = 0, last = performance.now(); i < 300; i++) {
    list.scrollTop += 4000;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
})()`;

async function measure(page: Page, url: string): Promise<readonly number[]> {
  const runs = Array.from({ length: DRAWN }, (_, i) => `run=${nameOf(i)}`).join("&");
  const fresh = async (fragment: string) => {
    await page.goto("about:blank");
    await page.goto(`${url}#${fragment}`, { waitUntil: "commit" });
  };
  await fresh(runs);
  const opened = await timed(page, "0", "", HAS_ROWS);
  const drawn = await timed(page, "performance.now()", `document.getElementById("tab-charts").click()`, HAS_CURVES);
  const detailed = page.waitForResponse((response) => response.url().includes("from="));
  const box = (await page.locator(".u-over").first().boundingBox())!;
  const begun = performance.now();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50);
  await page.mouse.up();
  await (await detailed).finished();
  const zoomed = performance.now() - begun;
  await fresh(`tab=predictions&first=${nameOf(0)}`);
  const answered = await timed(page, "0", "", `document.querySelector(".answer-row")`);
  return [opened, drawn, zoomed, answered, await page.evaluate<number>(SCROLL)];
}

const program = findChromium();
if (!program) throw new Error("no Chromium is on the path: CHROMIUM_PATH names one");
process.stderr.write(`writing ${RUNS} runs of ${STEPS} steps\n`);
writeRuns();
const { url, child } = await serve();
const browser = await chromium.launch(chromiumOptions(program));
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const columns = [await measure(page, url), await measure(page, url), await measure(page, url)];
const memory = readFileSync(`/proc/${child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)?.[1];
await browser.close();
child.kill();
rmSync(WORK, { recursive: true, force: true });

const names = ["table of runs", "curves, 4 charts", "drag to detail", "answers", "longest frame"];
const lines = names.map((name, i) => [name, ...columns.map((column) => `${Math.round(column[i]!)} ms`)]);
process.stdout.write(table([["", "first", "second", "third"], ...lines]));
process.stdout.write(`peak of the server: ${(Number(memory) / 1024).toFixed(0)} MiB\n`);
