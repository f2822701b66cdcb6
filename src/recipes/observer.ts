import type { ScoreByEntity } from "../challenge/score.ts";
import type { DownloadProgress } from "../data/download/tally.ts";
import type { ProfileSummary } from "../report/profile-table.ts";
import type { HistoryRecord } from "../runs/history.ts";

/** What a run has to tell while it works; the command line draws it, a library caller may. */
export interface Observer {
  /** A sentence for the user: what begins, what was passed over. */
  note?(text: string): void;
  /** Within a long optimiser step: steps done, with a fraction, of all. */
  within?(done: number, total: number): void;
  /** After each optimiser step. */
  step?(record: HistoryRecord, total: number): void;
  /** While answers are made: rows done of all, and their F1 so far where the truth is known as they come. */
  answered?(done: number, total: number, f1?: number): void;
  /** While a table is read: bytes of the file done of all; another reading of it counts anew. */
  read?(done: number, total: number): void;
  /** While images are fetched. */
  downloaded?(progress: DownloadProgress): void;
  /** While images are drawn: done of all. */
  drawn?(done: number, total: number): void;
  /** After each evaluation on the way. */
  evaluated?(split: string, score: ScoreByEntity): void;
  /** When the steps that were to be profiled are over; `file` holds them operator by operator. */
  profiled?(profile: ProfileSummary & { readonly file: string }): void;
}
