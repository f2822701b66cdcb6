import type { RunRow } from "../api.ts";
import type { Look } from "./colours.ts";
import type { Field } from "./fields.ts";
import type { PageState } from "./page-state.ts";
import type { Update } from "./use-page-state.ts";

/** What each tab gets. */
export interface RunsView {
  readonly runs: readonly RunRow[];
  /** Those that the filter leaves, sorted. */
  readonly filtered: readonly RunRow[];
  /** Those that are selected, or the first few where none is. */
  readonly shown: readonly RunRow[];
  readonly fields: readonly Field[];
  readonly filterFaults: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly state: PageState;
  readonly update: Update;
  readonly versions: ReadonlyMap<string, number>;
  readonly epoch: number;
  readonly isDark: boolean;
}
