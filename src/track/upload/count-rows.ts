import { openLogTail } from "./log-tail.ts";
import type { SentLog } from "./segments.ts";

/** Rows of the history in logs, for what is to be said of how far the sending is. */
export function countRows(logs: readonly SentLog[]): number {
  return logs.reduce((sum, { log }) => sum + rowsIn(log), 0);
}

function rowsIn(log: string): number {
  using tail = openLogTail(log);
  let rows = 0;
  for (let record = tail.next(); record; record = tail.next()) if (record.history) rows++;
  return rows;
}
