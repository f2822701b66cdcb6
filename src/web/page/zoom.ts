import type uPlot from "uplot";
import type { Zoom } from "./page-state.ts";
import { around } from "./series-table.ts";

interface Target {
  readonly zoom: Zoom | null;
  readonly setZoom: (zoom: Zoom | null) => void;
}

const STEP = 8;
const CLOSER = 0.5;

/** Arrows move the cursor, + and - zoom about it, 0 shows the whole range again. */
export function zoomByKey(event: KeyboardEvent, plot: uPlot, { zoom, setZoom }: Target): void {
  const { width } = plot.over.getBoundingClientRect();
  const left = plot.cursor.left ?? -1;
  const at = left < 0 ? width / 2 : left;
  const middle = plot.posToVal(at, "x");
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => plot.setCursor({ left: Math.max(0, at - STEP), top: 0 }),
    ArrowRight: () => plot.setCursor({ left: Math.min(width, at + STEP), top: 0 }),
    "+": () => setZoom(around(middle, min!, max!, CLOSER)),
    "-": () => zoom && setZoom(around(middle, min!, max!, 1 / CLOSER)),
    "0": () => setZoom(null),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
