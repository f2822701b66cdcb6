import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../../util/errors.ts";
import { type DrawSetting, type DrawTask, rowDrawer } from "./draw-row.ts";
import type { Reply } from "./draw-threads.ts";

/** The program of a thread that draws. */
const drawRow = rowDrawer(workerData as DrawSetting);

parentPort!.on("message", async ({ id, task }: { id: number; task: DrawTask }) => {
  const reply = await drawRow(task).then(
    (lines): Reply => ({ id, lines }),
    (error: Error): Reply => ({
      id,
      error: error.message,
      ...(error instanceof InputError && { hint: error.hint ?? "" }),
    }),
  );
  parentPort!.postMessage(reply);
});
