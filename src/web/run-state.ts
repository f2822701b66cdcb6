import type { RunOutcome } from "../runs/outcome.ts";
import type { RunState } from "./api.ts";

export interface StateEvidence {
  /** Who holds the folder to train. */
  readonly lock: "held" | "dead" | "none";
  readonly outcome: RunOutcome | null;
  readonly step: number;
  readonly plannedSteps: number | null;
  /** Evaluations without a better one after which training stops of itself; null where it does not. */
  readonly patience: number | null;
  /** Whether it was evaluated, or has a best checkpoint. */
  readonly isJudged: boolean;
}

/**
 * How a training stands. A lock says most, then what it has said itself when it ended; of a run that is older than that, its
 * steps: one that may end early has ended well if it was judged.
 */
export function stateOf({ lock, outcome, step, plannedSteps, patience, isJudged }: StateEvidence): RunState {
  if (lock !== "none") return lock === "held" ? "running" : "crashed";
  if (outcome) return outcome.outcome;
  if (plannedSteps !== null && step >= plannedSteps) return "finished";
  const mayEndEarly = plannedSteps === null || patience !== null;
  return mayEndEarly && isJudged ? "finished" : "stopped";
}
