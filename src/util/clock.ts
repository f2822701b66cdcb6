/** Seconds on a clock that never goes back; only differences mean something. */
export function monotonicSeconds(): number {
  return performance.now() / 1000;
}

/** The time of day as ISO 8601 in UTC, for files that a person reads. */
export function timestamp(): string {
  return new Date().toISOString();
}
