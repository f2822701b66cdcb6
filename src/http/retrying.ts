import { HttpFault } from "./faults.ts";

export interface RetryOptions {
  readonly attempts: number;
  /** Told of each fault that another attempt follows, and how many came before it; that attempt begins when this ends. */
  readonly pause: (fault: HttpFault, before: number) => Promise<void>;
  /** When aborted, nothing is tried any more. */
  readonly signal: AbortSignal | undefined;
}

/** Told how far the work has come. */
export type Reach = (place: number) => void;

/**
 * Tries again after faults that may pass; an attempt that got the work further is the first again. undici's RetryAgent repeats
 * requests, not work: a file's address that has to be asked for anew, an answer that is no JSON. Nor does it count anew, or end
 * a pause when all is given up.
 * @throws the last fault, or the signal's reason
 */
export async function retrying<T>(work: (reach: Reach) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, pause, signal } = options;
  let reached = 0;
  for (let attempt = 0, before = 0; ; attempt++, before = reached) {
    try {
      return await work((place) => {
        reached = place;
      });
    } catch (fault) {
      signal?.throwIfAborted();
      if (!(fault instanceof HttpFault)) throw fault;
      if (reached > before) attempt = 0;
      if (!fault.passing || attempt + 1 >= attempts) throw fault;
      await pause(fault, attempt);
    }
  }
}
