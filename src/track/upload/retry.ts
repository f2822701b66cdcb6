/** Why a request to the server did not do what it should. */
export class UploadFault extends Error {
  override readonly name = "UploadFault";
  /** Whether another attempt may succeed. */
  readonly passing: boolean;
  /** Of the server's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Seconds that the server asked to be left alone for. */
  readonly retryAfter: number | undefined;

  constructor(
    reason: string,
    options: { passing: boolean; status?: number | undefined; retryAfter?: number | undefined },
  ) {
    super(reason);
    this.passing = options.passing;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/** Statuses after which the same request would be answered the same. */
const LASTING: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 413, 422, 501]);
const CONFLICT = 409;

/**
 * Whether a request is worth another attempt after an answer of this status, as W&B's own client has it. Two writers that
 * set up a run in one moment get a conflict, which passes.
 */
export function isPassingStatus(status: number, isSettingUpRun = false): boolean {
  if (status === CONFLICT && isSettingUpRun) return true;
  return status >= 400 && !LASTING.has(status);
}

/** How long is waited, in milliseconds. */
export interface Pauses {
  /** After the first attempt; doubled after each. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export const PAUSES: Pauses = { firstMs: 2000, longestMs: 60_000 };

/** A server that asks for more is asked sooner all the same. */
const LONGEST_WISH_MS = 10 * 60_000;

/**
 * Milliseconds to wait after attempt 0, 1, ...: doubled each time and up to a quarter more by chance, so that those that
 * failed together do not come back together. A server's own wish comes first.
 * @param uniform from 0 to 1
 */
export function pauseAfter(attempt: number, retryAfter: number | undefined, pauses: Pauses, uniform: number): number {
  if (retryAfter !== undefined) return Math.min(1000 * retryAfter, LONGEST_WISH_MS);
  return Math.min(pauses.longestMs, pauses.firstMs * 2 ** Math.min(attempt, 32) * (1 + uniform / 4));
}

export interface RetryOptions {
  readonly attempts: number;
  readonly pauses: Pauses;
  /** When aborted, nothing is waited for and nothing tried any more. */
  readonly signal: AbortSignal;
  /** Ends a pause early. */
  readonly hurry: Hurry;
  /** Told of each fault that another attempt follows. */
  readonly onFault: (fault: UploadFault) => void;
}

/** Tries again after faults that may pass. @throws the last fault, or the signal's reason */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (fault) {
      options.signal.throwIfAborted();
      if (!(fault instanceof UploadFault) || !fault.passing || attempt + 1 >= options.attempts) throw fault;
      options.onFault(fault);
      const pause = pauseAfter(attempt, fault.retryAfter, options.pauses, Math.random());
      await options.hurry.wait(pause, options.signal, fault.retryAfter !== undefined);
    }
  }
}

/** Pauses that can be cut short, all that are under way at once. */
export class Hurry {
  readonly #underWay = new Set<() => void>();
  #longestMs = Number.POSITIVE_INFINITY;

  /** Ends the pauses under way. */
  now(): void {
    for (const end of [...this.#underWay]) end();
  }

  /** Ends the pauses under way, and makes none longer from now on. */
  hasten(longestMs: number): void {
    this.#longestMs = longestMs;
    this.now();
  }

  /** @param isWish of the server, which hurry makes no shorter. @throws the signal's reason when it is aborted */
  async wait(ms: number, signal: AbortSignal, isWish = false): Promise<void> {
    signal.throwIfAborted();
    // Not AbortSignal.any: Node 20 keeps something of each one, and a run of days has a pause every second.
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#underWay.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, isWish ? ms : Math.min(ms, this.#longestMs));
      signal.addEventListener("abort", end);
      if (!isWish) this.#underWay.add(end);
    });
    signal.throwIfAborted();
  }
}
