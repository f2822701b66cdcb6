import { setImmediate as breathe } from "node:timers/promises";
import type { Series } from "./api.ts";
import { type Advance, HistoryFile, type HistorySummary, type NumberRecord } from "./history-file.ts";
import type { SeriesQuery } from "./series.ts";

/** A history was read to its end as it is now. */
export interface HistoryNews {
  readonly run: string;
  readonly summary: HistorySummary;
  /** What was added since it was last told; null where all of it is to be fetched anew. */
  readonly records: readonly NumberRecord[] | null;
}

/** The histories of runs, by the runs' names. */
export interface HistoryIndex {
  /** Reads a history that is new, or has changed, in the background, and tells when that is done. */
  look(run: string, path: string): void;
  forget(run: string): void;
  /** Of runs that are known, in their order; those that were not read yet are read next. */
  series(runs: readonly string[], query: SeriesQuery): Promise<readonly Series[]>;
  close(): Promise<void>;
}

/** Between two looks at what else is wanted. */
const SLICE = 2 ** 22;

/** Reads histories in this thread. */
export function readHistories(tell: (news: HistoryNews) => void): HistoryIndex {
  const files = new Map<string, HistoryFile>();
  const known = new Set<string>();
  let waiting: readonly string[] = [];
  let [isWorking, isClosed] = [false, false];

  const readOn = (run: string) => {
    const file = files.get(run);
    const { isAtEnd, isAnew, records } = file ? advance(file) : NOTHING;
    if (isAnew) known.delete(run);
    if (!isAtEnd) return;
    waiting = waiting.filter((other) => other !== run);
    if (file) tell({ run, summary: file.summary, records: known.has(run) ? records : null });
    known.add(run);
  };
  const work = async () => {
    if (isWorking) return;
    isWorking = true;
    while (!isClosed) {
      await breathe();
      if (isClosed || waiting.length === 0) break;
      readOn(waiting[0]);
    }
    isWorking = false;
  };
  const forget = (run: string) => {
    files.delete(run);
    known.delete(run);
    waiting = waiting.filter((other) => other !== run);
  };
  return {
    look(run, path) {
      if (files.get(run)?.path !== path) forget(run);
      if (!files.has(run)) files.set(run, new HistoryFile(path));
      if (!waiting.includes(run)) waiting = [...waiting, run];
      void work();
    },
    forget,
    async series(runs, query) {
      const isWanted = (run: string) => runs.includes(run) && !files.get(run)?.isRead;
      waiting = [...waiting.filter(isWanted), ...waiting.filter((run) => !isWanted(run))];
      const found = runs.map(async (run) => {
        const points = await files
          .get(run)
          ?.points(query)
          .catch(() => undefined); // one that cannot be read keeps no other away
        return points && { run, ...points };
      });
      return (await Promise.all(found)).filter((series) => series !== undefined);
    },
    async close() {
      isClosed = true;
    },
  };
}

const NOTHING: Advance = { isAtEnd: true, isAnew: false, records: null };

/** A file that cannot be read is as one that is not there: the next look may find it better. */
function advance(file: HistoryFile): Advance {
  try {
    return file.advance(SLICE);
  } catch {
    return NOTHING;
  }
}
