import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { type RunFolder, runFolder } from "../../src/runs/folder.ts";
import { type HistoryRecord, readHistory } from "../../src/runs/history.ts";

/** The rows that come with the project. */
export const SHIPPED = join(import.meta.dirname, "..", "..", "data", "tiny");

/** One thread: so small a model gains nothing from more, and tests share the machine. */
const ONE_THREAD = "engine.threads=1";

/** The shipped preset on the shipped rows, with runs in `dir` and settings changed. */
export function tinyConfig(dir: string, ...sets: readonly string[]): Config {
  return loadConfig({ config: "lora-r8-tiny", sets: [`run.dir=${dir}`, ONE_THREAD, ...sets] });
}

/** The arguments of `amlc` for the same. */
export function trainTiny(...sets: readonly string[]): string[] {
  return ["train", "--config", "lora-r8-tiny", ...settings(ONE_THREAD, ...sets)];
}

/** Writes a CSV of the six shipped training rows with the smallest photographs: quick to start with. */
export function writeQuickRows(file: string): string {
  const [header, ...rows] = readFileSync(join(SHIPPED, "train.csv"), "utf8").split("\n");
  writeFileSync(file, [header, ...rows.filter((row) => /\/I\/[345]/.test(row)), ""].join("\n"));
  return file;
}

/** `--set A --set B ...` */
export function settings(...sets: readonly string[]): string[] {
  return sets.flatMap((set) => ["--set", set]);
}

const TIMINGS = ["seconds", "samples_per_s", "tokens_per_s", "rss_bytes"];

/** A run's history without what differs from one execution to the next. */
export function historyOf(path: string): Partial<HistoryRecord>[] {
  return readHistory(runFolder(path).history).map((record) =>
    Object.fromEntries(Object.entries(record).filter(([key]) => !TIMINGS.includes(key))),
  );
}

export function adapterBytes(path: string, checkpoint: keyof Pick<RunFolder, "last" | "best"> = "last"): Buffer {
  return readFileSync(join(runFolder(path)[checkpoint], "adapter_model.safetensors"));
}
