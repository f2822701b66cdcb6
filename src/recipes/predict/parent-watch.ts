import { workerData } from "node:worker_threads";

const PAUSE_MS = 100;

/**
 * A thread beside an engine, which may be deep in a computation for minutes and hear of nothing: it ends the process once the
 * one that started it is gone. Windows never tells; there the process ends when its engine comes back.
 */
const parent = workerData as number;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, PAUSE_MS);
