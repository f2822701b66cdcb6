import type { Axis, Series } from "../api.ts";
import type { Look } from "./colours.ts";
import type { Zoom } from "./page-state.ts";

/** A run's line, and how it is drawn. */
export interface Drawn {
  readonly series: Series;
  readonly look: Look;
}

export interface ChartProps {
  readonly lines: readonly Drawn[];
  readonly metric: string;
  readonly axis: Axis;
  readonly isLogX: boolean;
  readonly isLogY: boolean;
  readonly isWithoutOutliers: boolean;
  readonly smoothing: number;
  readonly zoom: Zoom | null;
  readonly width: number;
  readonly isDark: boolean;
  readonly setZoom: (zoom: Zoom | null) => void;
}
