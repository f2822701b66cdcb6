import type { TopLevelSpec } from "vega-lite";
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
export function lossCurveSpec(history: readonly CurvePoint[], title: string): TopLevelSpec {
  const raw = history.filter((p): p is CurvePoint & { loss: number } => Number.isFinite(p.loss));
  const smooth = runningMean(raw.map(({ loss }) => loss));
  const line = thin(raw.map(({ step }, i) => ({ step, loss: smooth[i] })));
  const evaluations = history.filter(({ eval_f1 }) => typeof eval_f1 === "number");
  const x = { field: "step", type: "quantitative", title: "optimiser step", scale: { nice: false } } as const;
  const lossPanel = {
    width: WIDTH,
    height: 320,
    layer: [
      {
        data: { values: extremes(raw) },
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
    data: { values: thin(evaluations) },
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

/** Exponential mean over about a twentieth of the run, corrected for its start at 0 as Adam's moments are. */
function runningMean(values: readonly number[]): readonly number[] {
  const decay = 1 - 2 / (Math.max(1, values.length / 20) + 1);
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum = decay * sum + (1 - decay) * value;
    weight = decay * weight + (1 - decay);
    return sum / weight;
  });
}

/** The last point of each of at most MAX_BINS equal stretches. */
function thin<T>(points: readonly T[]): T[] {
  return bins(points).map((bin) => bin[bin.length - 1]);
}

/** The lowest and the highest point of each stretch: no spike is lost when 100,000 points share 720 pixels. */
function extremes<T extends { readonly loss: number }>(points: readonly T[]): T[] {
  return bins(points).flatMap((bin) => {
    const lowest = bin.reduce((a, b) => (b.loss < a.loss ? b : a));
    const highest = bin.reduce((a, b) => (b.loss > a.loss ? b : a));
    return lowest === highest ? [lowest] : [lowest, highest];
  });
}

function bins<T>(points: readonly T[]): (readonly T[])[] {
  const size = Math.max(1, Math.ceil(points.length / MAX_BINS));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => points.slice(i * size, (i + 1) * size));
}
