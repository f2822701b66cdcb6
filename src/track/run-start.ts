import { arch, cpus, release, totalmem, type } from "node:os";
import { writeExtendedJson } from "../formats/extended-json.ts";
import type { WandbEnvironment, WandbItem, WandbRecord, WandbRun, WandbTimestamp } from "../formats/wandb-record.ts";
import { readManifest } from "../util/package.ts";
import { randomId } from "./run-segments.ts";

/** How a run is known, and what it was begun with. */
export interface RunDescription {
  readonly project: string;
  /** Null: the one of whoever sends it. */
  readonly entity: string | null;
  readonly displayName: string | null;
  readonly group: string | null;
  readonly jobType: string | null;
  readonly tags: readonly string[];
  readonly notes: string | null;
  readonly config: object;
  readonly gitCommit: string | null;
  /** Name of the machine; null: it is not told. */
  readonly host: string | null;
}

/** How a process goes on with a run. */
export interface RunContinuation {
  readonly id: string;
  /** Seconds since 1970. */
  readonly start: number;
  /** Step of the last row before, which stays; later ones are void. Null when there is no row. */
  readonly continues: number | null;
  /** Step of the first row that may follow. */
  readonly startingStep: number;
  /** Seconds before. */
  readonly runtime: number;
  readonly summary: readonly WandbItem[];
}

/** The oldest client that can read what we write, as the client of today says of itself. */
const MIN_CONSUMER = "0.70.0";

/** The records that a log begins with. */
export function startRecords(run: RunDescription, continuation: RunContinuation): readonly WandbRecord[] {
  const { start, summary } = continuation;
  return [
    { header: { versionInfo: { producer: `amlc ${readManifest().version}`, minConsumer: MIN_CONSUMER } } },
    { run: runRecord(run, continuation) },
    { environment: describeEnvironment(run, start) },
    ...(summary.length > 0 ? [{ summary: { update: summary } }] : []),
  ];
}

function runRecord(
  run: RunDescription,
  { id, start, continues, startingStep, runtime, summary }: RunContinuation,
): WandbRun {
  const { project, entity, displayName, group, jobType, tags, notes, config, gitCommit, host } = run;
  return {
    runId: id,
    project,
    ...(entity !== null && { entity }),
    config: { update: itemsOf(config) },
    ...(group !== null && { runGroup: group }),
    ...(jobType !== null && { jobType }),
    ...(displayName !== null && { displayName }),
    ...(notes !== null && { notes }),
    tags,
    ...(host !== null && { host }),
    startTime: toTimestamp(start),
    startingStep,
    telemetry: { platform: `${process.platform}-${arch()}` },
    ...(gitCommit !== null && { git: { commit: gitCommit } }),
    ...(continues !== null && {
      resumed: true,
      runtime: Math.floor(runtime),
      summary: { update: summary },
      branchPoint: { run: id, value: continues, metric: "_step" },
    }),
  };
}

/** Of the machine no user, folder or environment variable. */
function describeEnvironment({ gitCommit, host }: RunDescription, start: number): WandbEnvironment {
  const processors = cpus();
  const model = processors[0]?.model.trim();
  return {
    os: `${type()} ${release()} ${arch()}`,
    startedAt: toTimestamp(start),
    program: "amlc",
    ...(gitCommit !== null && { git: { commit: gitCommit } }),
    ...(host !== null && { host }),
    cpuCount: processors.length,
    cpuCountLogical: processors.length,
    memory: { total: totalmem() },
    ...(model && { cpu: { model } }),
    writerId: randomId(32),
  };
}

/** The same as W&B's own client keeps it in `wandb-metadata.json`: the JSON of its record. */
export function metadataJson(environment: WandbEnvironment): string {
  const { startedAt, cpuCount, cpuCountLogical, memory, writerId, ...rest } = environment;
  const metadata = {
    ...rest,
    startedAt: new Date(1000 * toSeconds(startedAt!)).toISOString(),
    cpu_count: cpuCount,
    cpu_count_logical: cpuCountLogical,
    memory: { total: String(memory?.total) },
    writerId,
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** An item for each member that JSON can hold. */
export const itemsOf = (members: object): WandbItem[] =>
  Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, valueJson: writeExtendedJson(value) }));

export const toTimestamp = (seconds: number): WandbTimestamp => ({
  seconds: Math.floor(seconds),
  nanos: Math.floor((seconds % 1) * 1e9),
});

const toSeconds = ({ seconds = 0, nanos = 0 }: WandbTimestamp) => seconds + nanos / 1e9;
