import type { Outcome, ScoreByEntity } from "../../challenge/score.ts";
import type { HistoryRecord } from "../../runs/history.ts";

/** A row of an evaluation, as it is shown. */
export interface ShownRow {
  readonly index: number;
  readonly entity: string;
  readonly question: string;
  readonly truth: string;
  readonly answer: string;
  readonly confidence: number;
  readonly outcome: Outcome;
  /** Null where the photograph cannot be read. */
  readonly picture: Picture | null;
}

export interface Picture {
  readonly jpeg: Buffer;
  readonly width: number;
  readonly height: number;
}

/** An evaluation on the way. */
export interface TrackedEvaluation {
  readonly score: ScoreByEntity;
  /** The same rows at each evaluation. */
  readonly rows: readonly ShownRow[];
}

/** What was trained, at its best. */
export interface Best {
  readonly step: number;
  /** By eval.metric; undefined where nothing was evaluated on the way. */
  readonly value: number | undefined;
  /** The checkpoint's folder. Its files may have gigabytes. */
  readonly folder: string;
}

/** How training ended. */
export interface Ending {
  /** 0 when it came to its end. */
  readonly exitCode: number;
  /** What was trained, as it scored best; null where training did not come to its end. */
  readonly best: Best | null;
}

/** Something that follows a run: what it is told it writes down, and never waits for a network. */
export interface Sink {
  /** After each optimiser step, with the evaluation that came after it. */
  step(record: HistoryRecord, evaluation: TrackedEvaluation | null): void;
  /** Lines that the user read, or reads when training has failed. */
  print?(text: string, stream?: "stdout" | "stderr"): void;
  /** What machine and process do now, by name. */
  machine?(load: Readonly<Record<string, number>>): void;
  finish(ending: Ending): Promise<void>;
}
