import type { TopLevelSpec } from "vega-lite";
import { extremes, lastOfEach, runningMean } from "./thin.ts";
import { renderSvg } from "./vega-svg.ts";

/** What a curve needs of a history record. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number | null;
  /** Challenge F1 of an evaluation after this step. */
  readonly eval_f1?: unknown;
}

const MAX_BINS = 500;
const WIDTH = 720;

/**
 * The loss of every step as points, their running mean as a line, and below it, when the run was evaluated on its way,
 * the F1: one Vega-Lite chart.
 */
function lossCurveSpec(history: readonly CurvePoint[], title: string): TopLevelSpec {
  const raw = history.filter((p): p is CurvePoint & { loss: number } => Number.isFinite(p.loss));
  const losses = raw.map(({ loss }) => loss);
  const smooth = runningMean(losses);
  const line = lastOfEach(raw.length, MAX_BINS).map((i) => ({ step: raw[i].step, loss: smooth[i] }));
  const evaluations = history.filter(({ eval_f1 }) => typeof eval_f1 === "number");
  const x = { field: "step", type: "quantitative", title: "optimiser step", scale: { nice: false } } as const;
  const lossPanel = {
    width: WIDTH,
    height: 320,
    layer: [
      {
        data: { values: extremes(losses, MAX_BINS).map((i) => raw[i]) },
        mark: { type: "point", filled: true, size: 18, opacity: 0.45, color: "#4c78a8" },
        encoding: { x, y: { field: "loss", type: "quantitative", title: "loss" } },
      },
      {
        data: { values: line },
        mark: { type: "line", strokeWidth: 2, color: "#1f3f66" },
        encoding: { x, y: { field: "loss", type: "quantitative" } },
      },
    ],
  } satisfies TopLevelSpec;
  const f1Panel = {
    width: WIDTH,
    height: 120,
    data: { values: lastOfEach(evaluations.length, MAX_BINS).map((i) => evaluations[i]) },
    mark: { type: "line", color: "#b5651d", point: { color: "#b5651d", size: 20 } },
    encoding: { x, y: { field: "eval_f1", type: "quantitative", title: "F1", scale: { domain: [0, 1] } } },
  } satisfies TopLevelSpec;
  return {
    title,
    background: "white",
    config: { axis: { gridColor: "#eeeeee" } },
    vconcat: evaluations.length > 0 ? [lossPanel, f1Panel] : [lossPanel],
    resolve: { scale: { x: "shared" } },
  };
}

/** The chart as an SVG document. Loads Vega, which takes a moment. */
export function drawLossCurve(history: readonly CurvePoint[], title: string): Promise<string> {
  return renderSvg(lossCurveSpec(history, title));
}
