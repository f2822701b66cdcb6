import type { RunFolder } from "../runs/folder.ts";
import type { LiveEvent, RunRow } from "./api.ts";
import type { HistoryIndex, HistoryNews } from "./history-index.ts";
import { startIndex } from "./index-threads.ts";
import { inRounds } from "./rounds.ts";
import { countRows } from "./row-counts.ts";
import { findRuns, lookAt } from "./run-files.ts";
import { type WatchedRun, watchRun } from "./watched-run.ts";

/** The runs of a folder as they are, and what changes. One of these serves all who look. */
export interface LiveRuns {
  readonly folder: string;
  readonly index: HistoryIndex;
  /** How many runs there are, as far as is known. */
  readonly size: number;
  /** Looks at the folder now. */
  rows(): readonly RunRow[];
  /** A run that is there, by its name in the folder; nothing else can be named. */
  find(name: string): WatchedRun | undefined;
  /** Calls a listener with what changes, until it is told to stop. */
  listen(listener: (event: LiveEvent) => void): () => void;
  /** Aborted when all is over. */
  readonly ended: AbortSignal;
  close(): Promise<void>;
}

/** Between two looks at the folder, in milliseconds; longer where a look takes long. */
const PAUSE = 1000;

/** Watches a folder of runs by asking for the state of their files: events of file systems are not to be had everywhere. */
export function watchRuns(folder: string, { pause = PAUSE }: { readonly pause?: number } = {}): LiveRuns {
  const watched = new Map<string, WatchedRun>();
  const told = new Map<string, RunRow>();
  const listeners = new Set<(event: LiveEvent) => void>();
  const tell = (event: LiveEvent) => {
    for (const listener of listeners) listener(event);
  };
  const tellRow = (run: WatchedRun) => {
    const row = run.row();
    if (told.get(row.name) === row) return;
    told.set(row.name, row);
    tell({ kind: "run", run: row });
  };
  const hear = ({ run: name, summary, records }: HistoryNews) => {
    const run = watched.get(name);
    if (!run) return;
    if (records === null && run.summary !== null) {
      run.setSummary(null); // whoever has its points is to fetch them anew
      tellRow(run);
    }
    run.setSummary(summary);
    if (records !== null && records.length > 0) tell({ kind: "points", run: name, records });
    tellRow(run);
  };
  const index = startIndex(hear);
  const counts = countRows(() => {
    for (const run of watched.values()) {
      run.forgetRow();
      tellRow(run);
    }
  });

  const drop = (name: string) => {
    watched.delete(name);
    told.delete(name);
    index.forget(name);
    tell({ kind: "gone", run: name });
  };
  const update = (run: RunFolder) => {
    const files = lookAt(run);
    const known = watched.get(run.name);
    if (!files) return known && drop(run.name);
    const now = known ?? watchRun(files, counts);
    watched.set(run.name, now);
    const isNews = now.update(files);
    if (isNews || !known) index.look(run.name, run.history);
    tellRow(now);
  };
  const look = () => {
    const found = findRuns(folder);
    for (const name of watched.keys()) if (!found.has(name)) drop(name);
    for (const run of found.values()) update(run);
  };
  const ending = new AbortController();
  const stopLooking = inRounds(look, pause);
  return {
    folder,
    index,
    ended: ending.signal,
    get size() {
      return watched.size;
    },
    rows() {
      look();
      return [...watched.values()].map((run) => run.row());
    },
    find(name) {
      if (!watched.has(name)) look();
      const run = watched.get(name);
      if (run) update(run.run);
      return watched.get(name);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      stopLooking();
      ending.abort();
      listeners.clear();
      await index.close();
    },
  };
}
