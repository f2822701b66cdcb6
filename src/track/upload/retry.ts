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
