/*
 * What the page asks its server, and gets: JSON, all of it read-only. Runs are named by their folder under `experiments/`
 * and nothing else is: no path ever comes from the page.
 *
 *     GET /api/runs                                       RunsAnswer
 *     GET /api/series?run=A&run=B&metric=loss&x=step      SeriesAnswer      also: from, to (of x), points
 *     GET /api/predictions?run=A&split=val                PredictionsAnswer
 *     GET /api/image?run=A&split=val&index=17&side=240    a JPEG
 *     GET /api/compare?run=A&run=B&split=val              the page of amlc compare
 *     GET /api/export?run=A&run=B&what=runs|history&format=csv|json    a file
 *     GET /api/events                                     server-sent events: LiveEvent
 *     an error                                            { error: { message, hint } } with 400, 401, 403 or 404;
 *                                                         of /api/compare, a page that says it
 */

/** A number of the history, or null where it was none. */
export type Point = number | null;

export type RunState = "running" | "finished" | "stopped" | "crashed" | "failed" | "broken";

export interface MetricSummary {
  /** Newest value; null where it is no number. */
  readonly last: Point;
  /** Null until the history was read to its end. */
  readonly min: Point;
  readonly max: Point;
}

export interface RunRow {
  readonly name: string;
  readonly state: RunState;
  /** What is wrong with a broken run; null for the others. */
  readonly fault: string | null;
  /** Why it was stopped or has failed, in words; left out where nothing says so. */
  readonly reason?: string;
  /** ISO 8601; null where it cannot be told. */
  readonly started: string | null;
  /** Newest step of the history, and how many there will be; 0 and null where it cannot be told. */
  readonly step: number;
  readonly plannedSteps: number | null;
  /** Settings by dotted key, as text. */
  readonly settings: Readonly<Record<string, string>>;
  /** Numbers of the history by name. */
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  /** F1 of each split that was evaluated. */
  readonly scores: Readonly<Record<string, number>>;
  /** Splits with predictions. */
  readonly splits: readonly string[];
  /** Of each of them, a text that is another when its predictions are. */
  readonly stamps: Readonly<Record<string, string>>;
  /** Whether minima and maxima are those of the whole history. */
  readonly isIndexed: boolean;
}

export interface RunsAnswer {
  readonly folder: string;
  readonly runs: readonly RunRow[];
}

/** What points stand against: optimiser step, samples seen, or seconds of training. */
export type Axis = "step" | "samples" | "time";

/** A metric of one run in at most `points` stretches, so that no spike is lost: mean, least and greatest of each. */
export interface Series {
  readonly run: string;
  /** Ascending; the middle of each stretch. */
  readonly x: readonly number[];
  readonly mean: readonly Point[];
  readonly min: readonly Point[];
  readonly max: readonly Point[];
  /** True where a stretch is one step: then the three are the same. */
  readonly isExact: boolean;
  /** True where only pieces of a long history were read so far: an event of its run comes once all was. */
  readonly isSampled?: boolean;
  /** Broken lines of the history that were passed over. */
  readonly brokenLines: number;
}

export interface SeriesAnswer {
  readonly metric: string;
  readonly axis: Axis;
  readonly series: readonly Series[];
}

export interface PredictionRow {
  readonly index: string;
  readonly entity: string;
  readonly question: string;
  readonly truth: string;
  readonly answer: string;
  /** 0 to 1; null where the file has none. */
  readonly confidence: number | null;
  readonly outcome: "tp" | "fp" | "fn" | "tn";
  /** Whether /api/image has a picture. */
  readonly hasImage: boolean;
}

export interface PredictionsAnswer {
  readonly run: string;
  readonly split: string;
  readonly rows: readonly PredictionRow[];
  /** What lacks, and what to do about it. */
  readonly notes: readonly string[];
}

/** Something changed: a run's row as it is now, its newest points, or a run that is gone. */
export type LiveEvent =
  | { readonly kind: "run"; readonly run: RunRow }
  | { readonly kind: "points"; readonly run: string; readonly records: readonly Readonly<Record<string, Point>>[] }
  | { readonly kind: "gone"; readonly run: string };
