import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InputError } from "../../util/errors.ts";
import { type DrawRow, type DrawSetting, type DrawTask, rowDrawer } from "./draw-row.ts";
import type { TextBox } from "./label.ts";

/** What draws rows: some threads, or this one. */
export interface DrawThreads {
  readonly draw: DrawRow;
  /** As many rows at a time keep all of them busy. */
  readonly rowsAtOnce: number;
  close(): Promise<void>;
}

export type Reply = { readonly id: number } & (
  | { readonly lines: readonly TextBox[] }
  | { readonly error: string; readonly hint?: string }
);

/** A thread takes a while to start: as long as that many pictures. */
const WORTH_A_THREAD = 100;
const ROWS_OF_A_THREAD = 4; // one is drawn while others are compressed and written, in Node's own pool of threads
const PROGRAM = new URL("./draw-thread.js", import.meta.url);

/** A thread for each core, where there are pictures enough; in sources that are not compiled none can be started. */
export function startDrawThreads(pictures: number, setting: DrawSetting): DrawThreads {
  const count = Math.min(availableParallelism(), Math.floor(pictures / WORTH_A_THREAD));
  if (count < 2 || !existsSync(PROGRAM)) {
    return { draw: rowDrawer(setting), rowsAtOnce: ROWS_OF_A_THREAD, close: async () => {} };
  }
  const threads = Array.from({ length: count }, () => startThread(setting));
  return {
    draw: (task) => threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a)).draw(task),
    rowsAtOnce: count * ROWS_OF_A_THREAD,
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Waiting {
  readonly resolve: (lines: readonly TextBox[]) => void;
  readonly reject: (error: Error) => void;
}

function startThread(setting: DrawSetting) {
  const worker = new Worker(PROGRAM, { workerData: setting });
  const waiting = new Map<number, Waiting>();
  let count = 0;
  worker.on("message", (reply: Reply) => {
    const row = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if ("lines" in reply) row.resolve(reply.lines);
    else
      row.reject(reply.hint === undefined ? new Error(reply.error) : new InputError(reply.error, { hint: reply.hint }));
  });
  const fail = (error: Error) => {
    for (const row of waiting.values()) row.reject(error);
    waiting.clear();
  };
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("a thread that draws has ended")));
  return {
    waiting,
    draw: (task: DrawTask) =>
      new Promise<readonly TextBox[]>((resolve, reject) => {
        waiting.set(count, { resolve, reject });
        worker.postMessage({ id: count++, task });
      }),
    close: () => worker.terminate(),
  };
}
