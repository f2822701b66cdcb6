import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatConfig } from "../../src/config/load.ts";
import { encodeCsv } from "../../src/formats/csv.ts";
import { runFolder } from "../../src/runs/folder.ts";
import { tinyConfig } from "./runs.ts";

/** index, entity, answer, truth */
export type WrittenAnswer = readonly [index: number, entity: string, answer: string, truth: string];

export interface WrittenRun {
  readonly sets?: readonly string[];
  readonly losses?: readonly (number | null)[];
  /** To `val`; none without. */
  readonly answers?: readonly WrittenAnswer[];
}

/** Writes the folder of a run as training and evaluation leave it, without a checkpoint, and gives its path. */
export function writeRun(dir: string, name: string, { sets = [], losses = [4, 3, 2], answers }: WrittenRun): string {
  const run = runFolder(join(dir, name));
  mkdirSync(run.path, { recursive: true });
  const steps = losses.length;
  writeFileSync(run.config, formatConfig(tinyConfig(dir, `train.max_steps=${Math.max(2, steps)}`, ...sets)));
  writeFileSync(run.environment, JSON.stringify({ platform: "linux", versions: { amlc: "0.1.0" } }));
  const records = losses.map((loss, i) => {
    const cost = { samples: 4, seconds: 0.5, tokens_per_s: 100, rss_bytes: 2 ** 30 + i };
    return JSON.stringify({ step: i + 1, epoch: 1, loss, lr: 1e-5, ...cost });
  });
  writeFileSync(run.history, records.map((record) => `${record}\n`).join(""));
  if (answers) {
    const header = [["index"], ["entity_name"], ["prediction"], ["truth"]];
    const columns = header.map((column, c) => [...column, ...answers.map((answer) => String(answer[c]))]);
    writeFileSync(run.predictions("val"), encodeCsv(columns));
  }
  return run.path;
}
