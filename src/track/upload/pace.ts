/** How often what is done, in milliseconds, while a run goes on. */
export interface Pace {
  /** At most one request of lines in so long; the first goes at once. */
  readonly streamMs: number;
  /** So long without a line, and the server is told that the run lives. */
  readonly heartbeatMs: number;
  /** So long are changes of the configuration gathered. */
  readonly configMs: number;
  /** So often is looked whether the log has grown. */
  readonly lookMs: number;
}

export const PACE: Pace = { streamMs: 15_000, heartbeatMs: 30_000, configMs: 5000, lookMs: 1000 };
