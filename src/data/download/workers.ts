import { monotonicSeconds } from "../../util/clock.ts";
import type { HostJob, HostQueue } from "./host-queue.ts";

/**
 * Takes jobs off a queue, `limit` at a time, until none is left; `work` may put some back, and gives the host's place free
 * itself. Once `signal` is aborted, or a job throws, no further job is taken; those in work are waited for.
 * @param stop called with the first error, so that the other jobs may give up
 * @throws that error
 */
export function workThrough<J extends HostJob>(
  queue: HostQueue<J>,
  limit: number,
  work: (job: J) => Promise<void>,
  signal: AbortSignal,
  stop: (error: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let running = 0;
    let timer: NodeJS.Timeout | undefined;

    const begin = (job: J) => {
      running++;
      work(job)
        .catch((error: unknown) => {
          if (errors.push(error) === 1) stop(error);
        })
        .finally(() => {
          running--;
          proceed();
        });
    };
    const proceed = () => {
      clearTimeout(timer);
      for (let job = next(); job !== undefined; job = next()) begin(job);
      if (running === 0 && (signal.aborted || queue.isEmpty)) end();
      else if (!signal.aborted && running < limit) wakeAt(queue.nextDue);
    };
    const next = () => (signal.aborted || running >= limit ? undefined : queue.take(monotonicSeconds()));
    const wakeAt = (due: number | undefined) => {
      if (due !== undefined) timer = setTimeout(proceed, Math.max(1, 1000 * (due - monotonicSeconds())));
    };
    const end = () => {
      signal.removeEventListener("abort", proceed);
      if (errors.length > 0) reject(errors[0]);
      else resolve();
    };
    signal.addEventListener("abort", proceed);
    proceed();
  });
}
