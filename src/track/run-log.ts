import { METRIC_GOAL, OUTPUT_TYPE, type WandbItem, type WandbMetric } from "../formats/wandb-record.ts";
import { monotonicSeconds, timestamp } from "../util/clock.ts";
import { InputError } from "../util/errors.ts";
import { RecordWriter } from "./record-writer.ts";
import type { ArtifactOptions } from "./run-artifact.ts";
import { readRunBefore } from "./run-before.ts";
import { RunKeeper } from "./run-keeper.ts";
import { RunImage, RunTable, requireFileName } from "./run-media.ts";
import { leavesOf, type RunRow } from "./run-row.ts";
import { beginSegment, type Segment } from "./run-segments.ts";
import { itemsOf, metadataJson, type RunDescription, startRecords, toTimestamp } from "./run-start.ts";
import type { MetricDefinition, RunSummary, SummaryStatistic } from "./run-summary.ts";

export interface RunLogOptions extends RunDescription {
  /** The folder of the run. */
  readonly dir: string;
  /** At Weights & Biases; null: the one that the folder has, else eight letters and digits. */
  readonly id: string | null;
  /** Online: it is sent as it grows. A folder of the other kind has a name by which `wandb sync` takes it without being told. */
  readonly mode: "offline" | "online";
  /** Step of the checkpoint that training goes on from; 0 when it begins. */
  readonly startStep: number;
  /** Told once, when the disk does not take what is logged. Training goes on. */
  readonly onFault: (fault: InputError) => void;
  readonly clock?: RunClock;
}

export interface RunClock {
  /** Seconds since 1970. */
  now(): number;
  /** Seconds on a clock that never goes back. */
  monotonic(): number;
}

const SYSTEM_CLOCK: RunClock = { now: () => Date.parse(timestamp()) / 1000, monotonic: monotonicSeconds };

/**
 * The log of one process's part of a run. What is logged is in the file when a call returns. No call waits for the network,
 * and none throws because of the disk: that is told once, and what could not be written is missing. After `finish` calls do
 * nothing.
 */
export interface RunLog {
  readonly id: string;
  readonly segment: Segment;
  /** Step of the last row of earlier parts that stays, later ones being void; null when this part is the first. */
  readonly continues: number | null;
  /**
   * Adds a row. @param step larger than that of the row before; without it, the next
   * @throws InputError when it is not larger
   */
  log(row: RunRow, step?: number): void;
  /** Sets keys of the configuration, each as a whole. */
  config(update: object): void;
  /** Sets values of the summary. */
  summary(update: Readonly<Record<string, unknown>>): void;
  /** @param name of a metric, or the beginning of names and a `*` */
  defineMetric(name: string, definition: MetricDefinition): void;
  /** What the machine does now. */
  stats(row: Readonly<Record<string, number>>): void;
  /** A line of the console, or several. */
  output(text: string, stream?: keyof typeof OUTPUT_TYPE): void;
  /** Keeps a file with the run, in place of one of that name. @throws InputError when the name leads elsewhere */
  saveFile(name: string, bytes: string | Uint8Array): void;
  /** A picture for {@link log}. */
  image(bytes: Uint8Array, options: RunImage["options"]): RunImage;
  /** A table for {@link log}. @throws InputError when a row has not a cell for each column */
  table(columns: readonly string[], rows: RunTable["rows"]): RunTable;
  /** Keeps files under a name, as a new version. @throws InputError when a name is not as it must be */
  artifact(options: ArtifactOptions): void;
  /** Says how the run ended, waits for the disk and closes the log. @param exitCode 0 when it came to its end */
  finish(exitCode: number): void;
}

/**
 * Begins the log of a process's part of a run: a folder in `<dir>/wandb` as W&B's own client makes it, which `wandb sync` takes.
 * A run that is resumed has one for each process.
 * @throws InputError when W&B would not take the id, or the run has another; the error of the file system when no log can
 * be begun
 */
export async function openRunLog(options: RunLogOptions): Promise<RunLog> {
  const { dir, mode, startStep, project, entity, clock = SYSTEM_CLOCK } = options;
  const [start, began] = [clock.now(), clock.monotonic()];
  const { id, segment, earlier } = await beginSegment(dir, { id: options.id, mode, start });
  const continues = earlier.length > 0 ? startStep : null;
  const before = readRunBefore(earlier, startStep);
  const first = startStep > 0 || continues !== null ? startStep + 1 : 0;
  const writer = new RecordWriter(segment.log, id, options.onFault);
  const keeper = new RunKeeper(writer, segment, { runId: id, project, ...(entity !== null && { entity }) });
  const items = before.summary.items();
  const continuation = { id, start, continues, startingStep: first, runtime: before.runtime, summary: items };
  for (const record of startRecords(options, continuation)) {
    writer.write(record);
    if (record.environment) keeper.file(METADATA, Buffer.from(metadataJson(record.environment)), "wandb");
  }
  const elapsed = () => before.runtime + Math.max(0, clock.monotonic() - began);
  return {
    id,
    segment,
    continues,
    ...methods({ writer, keeper, summary: before.summary, first, elapsed, now: clock.now }),
  };
}

const METADATA = "wandb-metadata.json";

interface LogParts {
  readonly writer: RecordWriter;
  readonly keeper: RunKeeper;
  readonly summary: RunSummary;
  /** Step of the first row. */
  readonly first: number;
  /** Seconds that the run has taken. */
  elapsed(): number;
  now(): number;
}

function methods({
  writer,
  keeper,
  summary,
  first,
  elapsed,
  now,
}: LogParts): Omit<RunLog, "id" | "segment" | "continues"> {
  let next = first;
  return {
    log(row, step = next) {
      if (!writer.isOpen) return;
      if (!Number.isInteger(step) || step < next) throw stepError(step, next);
      const values = leavesOf(row, (media, name) => keeper.media(media, name, step));
      next = step + 1;
      const seconds = elapsed();
      const leaves = [
        ...values,
        ...summary.missingSteps(values),
        { path: ["_step"], json: String(step) },
        { path: ["_timestamp"], json: String(now()) },
        { path: ["_runtime"], json: String(seconds) },
      ];
      for (const metric of summary.expand(values)) writer.write({ metric });
      const item = leaves.map(({ path, json }) => ({ nestedKey: path, valueJson: json }));
      writer.write({ history: { item, step: { num: step } } });
      writer.write({ summary: { update: [...summary.add(leaves), runtimeItem(seconds)] } });
    },
    config: (update) => writer.write({ config: { update: itemsOf(update) } }),
    summary(update) {
      const items = itemsOf(update);
      for (const item of items) summary.set(item);
      writer.write({ summary: { update: items } });
    },
    defineMetric(name, definition) {
      const metric = metricRecord(name, definition);
      summary.define(metric);
      writer.write({ metric });
    },
    stats: (row) => writer.write({ stats: { timestamp: toTimestamp(now()), item: itemsOf(row) } }),
    output(text, stream = "stdout") {
      const line = text.endsWith("\n") ? text : `${text}\n`;
      writer.write({ outputRaw: { outputType: OUTPUT_TYPE[stream], timestamp: toTimestamp(now()), line } });
    },
    saveFile(name, bytes) {
      requireFileName(name);
      if (writer.isOpen) keeper.file(name, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    },
    image: (bytes, options) => new RunImage(bytes, options),
    table: (columns, rows) => new RunTable(columns, rows),
    artifact(options) {
      if (writer.isOpen) keeper.artifact(options);
    },
    finish(exitCode) {
      const seconds = elapsed();
      writer.write({ summary: { update: [runtimeItem(seconds)] } });
      writer.write({ exit: { exitCode, runtime: Math.floor(seconds) } });
      writer.close();
    },
  };
}

/** Whole seconds, by which a run's page says how long it took. */
const runtimeItem = (seconds: number): WandbItem => ({
  nestedKey: ["_wandb", "runtime"],
  valueJson: String(Math.floor(seconds)),
});

function metricRecord(name: string, { stepMetric, summary, goal }: MetricDefinition): WandbMetric {
  const statistics: readonly SummaryStatistic[] = typeof summary === "string" ? [summary] : (summary ?? []);
  return {
    ...(name.endsWith("*") ? { globName: name } : { name }),
    ...(stepMetric !== undefined && { stepMetric }),
    options: { ...(stepMetric !== undefined && { stepSync: true }), defined: true },
    ...(statistics.length > 0 && { summary: Object.fromEntries(statistics.map((statistic) => [statistic, true])) }),
    ...(goal && { goal: METRIC_GOAL[goal] }),
  };
}

const stepError = (step: number, next: number) =>
  new InputError(`a row of step ${step} cannot be logged: its step must be a whole number from ${next} on`, {
    hint: "give each row a larger step than the row before it, or none",
  });
