import type { DataSettings } from "../../config/data-schema.ts";
import type { Random } from "../../util/random.ts";

/**
 * Seconds to pause after attempt 1, 2, ...: doubled each time, and up to a half less by chance, so that links that failed
 * together do not come back together. A server's own wish is kept, as far as max_pause_s goes.
 */
export function pauseAfter(
  attempt: number,
  retryAfter: number | undefined,
  settings: Pick<DataSettings["download"], "backoff_s" | "max_pause_s">,
  random: Random,
): number {
  if (retryAfter !== undefined) return Math.min(retryAfter, settings.max_pause_s);
  const pause = Math.min(settings.backoff_s * 2 ** (attempt - 1), settings.max_pause_s);
  return pause * (1 - random.uniform() / 2);
}
