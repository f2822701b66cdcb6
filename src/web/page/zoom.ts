import type uPlot from "uplot";
import { isShortcut, type PressedKey } from "./keys.ts";
import type { Zoom } from "./page-state.ts";
import { around } from "./series-table.ts";

interface Target {
  readonly zoom: Zoom | null;
  /** All that there is; null where it is not known. */
  readonly whole: Zoom | null;
  readonly setZoom: (zoom: Zoom | null) => void;
}

const STEP = 8;
const CLOSER = 0.5;

/** Arrows move the cursor, + and - zoom about it, 0 shows the whole range again. */
export function zoomByKey(event: PressedKey, plot: uPlot, { zoom, whole, setZoom }: Target): void {
  if (isShortcut(event)) return;
  const { width } = plot.over.getBoundingClientRect();
  const left = plot.cursor.left ?? -1;
  const at = left < 0 ? width / 2 : left;
  const middle = plot.posToVal(at, "x");
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => plot.setCursor({ left: Math.max(0, at - STEP), top: 0 }),
    ArrowRight: () => plot.setCursor({ left: Math.min(width, at + STEP), top: 0 }),
    "+": () => setZoom(around(middle, min!, max!, CLOSER)),
    "-": () => zoom && setZoom(within(around(middle, min!, max!, 1 / CLOSER), whole)),
    "0": () => setZoom(null),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

/** A stretch without what lies beyond all that there is; null where it has all of that. */
export function within({ from, to }: Zoom, whole: Zoom | null): Zoom | null {
  if (!whole) return { from, to };
  if (from <= whole.from && to >= whole.to) return null;
  return { from: Math.max(from, whole.from), to: Math.min(to, whole.to) };
}

/** Whether nothing of what was read, which goes a little beyond what is seen, lies beyond it: then there is no more. */
export const hasAll = (read: Zoom | null, seen: Zoom): boolean =>
  read !== null && read.from >= seen.from && read.to <= seen.to;
