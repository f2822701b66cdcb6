import { readBlockLog } from "../formats/block-log.ts";
import { decodeWandbRecord, type WandbItem, type WandbRecord } from "../formats/wandb-record.ts";
import { InputError } from "../util/errors.ts";
import type { Segment } from "./run-segments.ts";
import { RunSummary } from "./run-summary.ts";

/** Where a run stood. */
export interface RunBefore {
  readonly summary: RunSummary;
  /** Seconds that it had run. */
  readonly runtime: number;
}

/**
 * What the segments of a run say of it up to `step`, the last row that stays. Rows behind it, and those that a segment took
 * again, have no part in it. What cannot be read of a log is passed over.
 */
export function readRunBefore(segments: readonly Segment[], step: number): RunBefore {
  const summary = new RunSummary();
  let runtime = 0;
  for (const { log, until } of validParts(segments, step)) {
    for (const record of recordsOf(log)) {
      if (record.history && (numberOf(record.history.item, "_step") ?? 0) > until) break;
      takeIn(summary, record);
      const seconds = record.history && numberOf(record.history.item, "_runtime");
      runtime = Math.max(runtime, seconds ?? 0);
    }
  }
  return { summary, runtime };
}

/** The last step of each segment that no later one goes back behind. */
function validParts(segments: readonly Segment[], step: number): readonly { log: string; until: number }[] {
  let until = step;
  const backwards = [...segments].reverse().map(({ log }) => {
    const part = { log, until };
    until = Math.min(until, branchOf(log) ?? Infinity);
    return part;
  });
  return backwards.reverse();
}

function branchOf(log: string): number | undefined {
  for (const { run } of recordsOf(log)) {
    if (run) return run.branchPoint && (run.branchPoint.value ?? 0);
  }
  return undefined;
}

function takeIn(summary: RunSummary, { history, metric, summary: update }: WandbRecord): void {
  if (metric) summary.define(metric);
  if (history) summary.add(history.item.map((item) => ({ path: pathOf(item), json: item.valueJson ?? "null" })));
  // What a user has set has its name as one key; what follows from rows follows from them again.
  for (const item of update?.update ?? []) if (item.key) summary.set(item);
}

const pathOf = ({ key, nestedKey }: WandbItem) => (nestedKey?.length ? nestedKey : [key ?? ""]);

function numberOf(items: readonly WandbItem[], name: string): number | undefined {
  const item = items.find(({ key, nestedKey }) => key === name || (nestedKey?.length === 1 && nestedKey[0] === name));
  return item && Number(item.valueJson);
}

function* recordsOf(log: string): Generator<WandbRecord> {
  const reader = readBlockLog(log);
  try {
    for (let entry = reader.next(); entry; entry = reader.next()) {
      if (entry.kind === "record") yield decodeWandbRecord(entry.payload);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  } finally {
    reader.close();
  }
}
