import { Worker } from "node:worker_threads";
import { AmlcError } from "../../util/errors.ts";
import { STOP_SIGNALS } from "../../util/stop-signals.ts";
import type { Entry } from "./answer-log.ts";
import type { PartTask } from "./answer-part.ts";

/** What this program is told: first a task, then perhaps to stop. */
export type Order = { readonly task: PartTask } | { readonly stop: true };

/** What it tells: rows that are on the disk, and how it ended. */
export type Report =
  | { readonly entries: readonly Entry[] }
  | { readonly end: "done" | "stopped" }
  | { readonly error: string; readonly hint?: string | undefined; readonly isInput: boolean };

const stopping = new AbortController();

function tell(report: Report): Promise<void> {
  return new Promise((resolve) => void process.send!(report, () => resolve()));
}

async function work(task: PartTask): Promise<void> {
  const onEntries = (entries: readonly Entry[]) => void tell({ entries });
  try {
    const { answerPart } = await import("./answer-part.ts"); // an engine takes a while to load: orders are heard before
    await tell({ end: await answerPart(task, { onEntries, signal: stopping.signal }) });
  } catch (error) {
    const { message, stack } = error as Error;
    if (error instanceof AmlcError) await tell({ error: message, hint: error.hint, isInput: true });
    else await tell({ error: stack ?? message, isInput: false });
  }
  process.exit(0);
}

// Such a signal reaches every process of a terminal: the one that gave the task says when to stop.
for (const name of STOP_SIGNALS) process.on(name, () => {});
process.on("disconnect", leave);
if (!process.connected) leave();
new Worker(new URL("./parent-watch.js", import.meta.url), { workerData: process.ppid });
process.on("message", (order: Order) => {
  if ("stop" in order) stopping.abort();
  else void work(order.task);
});

/** Whoever gave the task is gone, and nobody is left to work for. What was told of is on the disk. */
function leave(): void {
  process.kill(process.pid, "SIGKILL");
}
