import { onInterrupt } from "./interrupt.ts";
import { showProgress } from "./progress.ts";

/** Runs a job that counts bytes with a bar and the time left; Ctrl-C ends it and prints `told`. */
export async function showBytes<T>(
  unit: "MB" | "MB fetched",
  told: string,
  work: (
    onBytes: (done: number, total: number) => void,
    signal: AbortSignal,
    note: (text: string) => void,
  ) => Promise<T>,
): Promise<T> {
  const progress = showProgress();
  const { signal, release } = onInterrupt(() => progress.note(told));
  const onBytes = (done: number, total: number) =>
    progress.step({ unit, done: toMegabytes(done), total: Math.max(1, toMegabytes(total)) });
  try {
    return await work(onBytes, signal, progress.note);
  } finally {
    release();
    progress.stop();
  }
}

const toMegabytes = (bytes: number) => Math.round(bytes / 1e6);
