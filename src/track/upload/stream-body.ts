import type { Row } from "./fold.ts";

/** What the stream of a run takes, in bytes: a line, and about a request. */
export const LONGEST_LINE = 10 * 2 ** 20 - 100 * 2 ** 10;
export const LARGEST_BODY = 10 * 2 ** 20;

/** Lines that the server does not have yet, and the numbers that the first ones of them get. */
export interface Waiting {
  readonly rows: readonly Row[];
  readonly events: readonly string[];
  readonly output: readonly string[];
  /** Undefined: it has not changed. */
  readonly summary: string | undefined;
  /** Names of files that were put. */
  readonly uploaded: readonly string[];
  readonly at: { readonly history: number; readonly events: number; readonly output: number };
}

interface Lines {
  readonly offset: number;
  readonly content: readonly string[];
}

/** A request to a run's stream. Offsets are numbers of lines. */
export interface StreamBody {
  readonly files?: Readonly<Record<string, Lines>>;
  readonly uploaded?: readonly string[];
  readonly complete?: true;
  readonly exitcode?: number;
}

export interface Portion {
  readonly body: StreamBody;
  /** How many lines of each list are in it. */
  readonly rows: number;
  readonly events: number;
  readonly output: number;
  readonly hasSummary: boolean;
  /** There is more, for another request. */
  readonly isPart: boolean;
}

/**
 * The next request: rows, then events, the summary and what was printed, as far as they fit. A first line is always taken.
 * @param exitCode of a run that is over; it is told with the last request
 */
export function takePortion(waiting: Waiting, exitCode?: number, limit = LARGEST_BODY): Portion {
  let room = limit;
  let isEmpty = true;
  const fits = (text: string) => {
    const bytes = Buffer.byteLength(text);
    if (!isEmpty && bytes > room) return false;
    isEmpty = false;
    room -= bytes;
    return true;
  };
  const take = (texts: readonly string[]) => {
    const end = texts.findIndex((text) => !fits(text));
    return end < 0 ? texts : texts.slice(0, end);
  };
  const { at, summary, uploaded } = waiting;
  const rows = take(waiting.rows.map(({ text }) => text));
  const events = rows.length < waiting.rows.length ? [] : take(waiting.events);
  const hasSummary = summary !== undefined && fits(summary);
  const output = take(waiting.output);
  const isPart =
    rows.length < waiting.rows.length ||
    events.length < waiting.events.length ||
    output.length < waiting.output.length ||
    (summary !== undefined && !hasSummary);
  const files: Record<string, Lines> = {
    ...(rows.length > 0 && { "wandb-history.jsonl": { offset: at.history, content: rows } }),
    ...(events.length > 0 && { "wandb-events.jsonl": { offset: at.events, content: events } }),
    // One line that is written over each time.
    ...(hasSummary && { "wandb-summary.json": { offset: 0, content: [summary] } }),
    ...(output.length > 0 && { "output.log": { offset: at.output, content: output } }),
  };
  const body: StreamBody = {
    ...(Object.keys(files).length > 0 && { files }),
    ...(uploaded.length > 0 && { uploaded }),
    ...(!isPart && exitCode !== undefined && { complete: true as const, exitcode: exitCode }),
  };
  return { body, rows: rows.length, events: events.length, output: output.length, hasSummary, isPart };
}
