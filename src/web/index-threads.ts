import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Series } from "./api.ts";
import { type HistoryIndex, type HistoryNews, readHistories } from "./history-index.ts";
import type { SeriesQuery } from "./series.ts";

/** What the thread is told. */
export type Ask =
  | { readonly kind: "look"; readonly run: string; readonly path: string }
  | { readonly kind: "forget"; readonly run: string }
  | { readonly kind: "series"; readonly id: number; readonly runs: readonly string[]; readonly query: SeriesQuery };

/** What the thread says. */
export type Answer =
  | { readonly kind: "news"; readonly news: HistoryNews }
  | { readonly kind: "series"; readonly id: number; readonly series: readonly Series[] }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

interface Waiting {
  readonly resolve: (series: readonly Series[]) => void;
  readonly reject: (error: Error) => void;
}

const PROGRAM = new URL("./index-thread.js", import.meta.url);

/** Reads histories in a thread of its own, so that answers never wait for them; in this one in sources that are not compiled. */
export function startIndex(tell: (news: HistoryNews) => void): HistoryIndex {
  if (!existsSync(PROGRAM)) return readHistories(tell);
  const worker = new Worker(PROGRAM);
  worker.unref();
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let fault: Error | undefined;
  const failAll = (error: Error) => {
    fault = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (answer: Answer) => {
    if (answer.kind === "news") return tell(answer.news);
    const { resolve, reject } = waiting.get(answer.id)!;
    waiting.delete(answer.id);
    if (answer.kind === "series") resolve(answer.series);
    else reject(new Error(answer.message));
  });
  worker.on("error", failAll).on("exit", () => failAll(new Error("the thread that reads histories has ended")));
  const ask = (message: Ask) => worker.postMessage(message);
  return {
    look: (run, path) => ask({ kind: "look", run, path }),
    forget: (run) => ask({ kind: "forget", run }),
    series: (runs, query) =>
      new Promise((resolve, reject) => {
        if (fault) return reject(fault);
        const id = asked++;
        waiting.set(id, { resolve, reject });
        ask({ kind: "series", id, runs, query });
      }),
    close: async () => void (await worker.terminate()),
  };
}
