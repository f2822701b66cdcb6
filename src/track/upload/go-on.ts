import { membersOf } from "./json-tree.ts";
import type { RunStatus } from "./operations.ts";
import type { SentState } from "./sent-state.ts";

/** What tells one line of a run from another. */
export interface LineMark {
  readonly step: string | undefined;
  readonly timestamp: string | undefined;
}

/** The lines of a log that are meant for the server, from its first wanted one on. */
export interface OwnLines {
  /** With the row's number in the log. */
  readonly history: readonly (LineMark & { readonly row: number })[];
  readonly events: readonly LineMark[];
  readonly output: number;
}

/** By its step and time, which no two lines of a run share. */
export function markOf(line: string): LineMark {
  const members = new Map(membersOf(line) ?? []);
  return { step: members.get("_step"), timestamp: members.get("_timestamp") };
}

/** Languages write one number in several ways. */
export const isSameLine = (a: LineMark, b: LineMark): boolean =>
  Number(a.step ?? 0) === Number(b.step ?? 0) && Number(a.timestamp) === Number(b.timestamp);

/** The last line of a list of lines that the server gives as JSON. */
export function lastLine(tail: string | null | undefined): string | undefined {
  if (!tail) return undefined;
  const lines = JSON.parse(tail) as readonly unknown[];
  const last = lines.at(-1);
  return typeof last === "string" ? last : last === undefined ? undefined : JSON.stringify(last);
}

/** The step of the last row on the server; null when it has none. */
export function lastStep(status: RunStatus | null): number | null {
  const line = lastLine(status?.historyTail);
  const step = line === undefined ? undefined : markOf(line).step;
  return step === undefined ? null : Number(step);
}

/**
 * Where a log goes on that was sent in part: the server knows more than was written down when its answer was lost, less when
 * a run was deleted, and other lines when somebody else has resumed the run. Those are not written over: what is left of the
 * log goes behind them, without the steps that they have.
 */
export function goOn(state: SentState, status: RunStatus | null, own: OwnLines): SentState & { isShared: boolean } {
  const history = place(state.history, status?.historyLineCount ?? 0, own.history, lastLine(status?.historyTail));
  const events = place(state.events, status?.eventsLineCount ?? 0, own.events, lastLine(status?.eventsTail));
  const isShared = history.isShared || events.isShared;
  const printed = status?.logLineCount ?? 0;
  const isPrintedBehind = isShared || printed > state.output.offset + own.output;
  return {
    ...state,
    history: history.isShared
      ? {
          firstRow: state.history.nextRow,
          nextRow: state.history.nextRow,
          offset: history.count,
          sent: 0,
          leaveOutTo: lastStep(status),
          leaveOutAfter: state.history.leaveOutAfter,
        }
      : {
          ...state.history,
          offset: history.offset,
          sent: history.sent,
          nextRow: history.sent === 0 ? state.history.firstRow : own.history[history.sent - 1]!.row + 1,
        },
    events: { offset: events.offset, sent: events.sent },
    output: isPrintedBehind ? behind(state.output, printed) : upTo(state.output, printed),
    isShared,
  };
}

interface Lines {
  readonly offset: number;
  readonly sent: number;
}

/** Line n of the log is line `offset + n` there: the next one is put behind the last. */
const behind = ({ sent }: Lines, count: number): Lines => ({ offset: Math.max(0, count - sent), sent });

/** No more than there are on the server. */
const upTo = ({ offset, sent }: Lines, count: number): Lines => ({
  offset: Math.min(offset, count),
  sent: Math.max(0, Math.min(sent, count - offset)),
});

function place(
  lines: Lines,
  count: number,
  own: readonly LineMark[],
  last: string | undefined,
): Lines & { readonly isShared: boolean; readonly count: number } {
  const there = count - lines.offset;
  if (there <= lines.sent) return { ...upTo(lines, count), isShared: false, count };
  const line = own[there - 1];
  const isOwn = line !== undefined && last !== undefined && isSameLine(line, markOf(last));
  if (isOwn) return { offset: lines.offset, sent: there, isShared: false, count };
  return { ...behind(lines, count), isShared: true, count };
}
