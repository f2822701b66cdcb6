import { readBlockLog } from "../../src/formats/block-log.ts";
import { decodeWandbRecord, type WandbItem, type WandbRecord } from "../../src/formats/wandb-record.ts";
import { openRunLog, type RunLog, type RunLogOptions } from "../../src/track/run-log.ts";

/** A log with settings of no interest, but for those given. Faults of the disk fail the test. */
export const startRunLog = (dir: string, options: Partial<RunLogOptions> = {}): Promise<RunLog> =>
  openRunLog({
    dir,
    mode: "offline",
    id: null,
    project: "labels",
    entity: null,
    displayName: null,
    group: null,
    jobType: null,
    tags: [],
    notes: null,
    config: {},
    startStep: 0,
    gitCommit: null,
    host: null,
    onFault: (fault) => {
      throw fault;
    },
    ...options,
  });

export function readRecords(log: string): readonly WandbRecord[] {
  const reader = readBlockLog(log);
  const records: WandbRecord[] = [];
  for (let entry = reader.next(); entry; entry = reader.next()) {
    if (entry.kind === "record") records.push(decodeWandbRecord(entry.payload));
  }
  reader.close();
  return records;
}

/** As a log's last record has it; undefined where that is another. */
export function exitCodeOf(log: string): number | undefined {
  const { exit } = readRecords(log).at(-1)!;
  return exit && (exit.exitCode ?? 0); // protobuf leaves out a 0
}

/** JSON by name, the names of a path joined by " > ". */
export const itemsByName = (items: readonly WandbItem[] = []): Record<string, string> =>
  Object.fromEntries(items.map(({ key, nestedKey, valueJson }) => [key || nestedKey!.join(" > "), valueJson ?? ""]));

/** The rows of a log without their time. */
export const rowsOf = (log: string): Record<string, string>[] =>
  readRecords(log).flatMap(({ history }) => {
    if (!history) return [];
    const { _timestamp, _runtime, ...row } = itemsByName(history.item);
    return [row];
  });

/** The summary as the records of a log leave it, without its times. */
export function summaryOf(log: string): Record<string, string> {
  const updates = readRecords(log).flatMap(({ summary }) => summary?.update ?? []);
  const { _timestamp, _runtime, "_wandb > runtime": _, ...summary } = itemsByName(updates);
  return summary;
}
