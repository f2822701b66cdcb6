import type { TopLevelSpec } from "vega-lite";
import type { ScoreEstimate } from "../challenge/bootstrap.ts";
import type { ChartPlace } from "./chart-style.ts";
import { intervalsSpec, type NamedEstimate, sizesSpec } from "./compare-charts.ts";
import type { Comparison, RunScore } from "./comparison.ts";
import { lossSpec, type NamedCurve, type Progress } from "./loss-chart.ts";
import type { RunRecord } from "./run-record.ts";
import { renderSvg } from "./vega-svg.ts";

/** A chart that can be drawn for a page or a file. */
export interface Figure {
  /** Without its ending. */
  readonly file: string;
  readonly caption: string;
  readonly draw: (place: ChartPlace) => TopLevelSpec;
}

export interface LossFigure extends Figure {
  readonly x: Progress;
  readonly isLog: boolean;
}

/** Runs that a chart of parts shows at most, and parts. */
export const MOST_RUNS = 6;
const MOST_PARTS = 12;

/** Runs that have a curve, in their order. */
export const curvesOf = (records: readonly RunRecord[]): readonly NamedCurve[] =>
  records.filter(({ curve }) => curve.smooth.length > 0).map(({ name, curve }) => ({ name, curve }));

/** One chart of the loss for each choice of axes. */
export function lossFigures(records: readonly RunRecord[]): readonly LossFigure[] {
  const curves = curvesOf(records);
  if (curves.length === 0) return [];
  const names = records.map(({ name }) => name);
  return (["step", "samples", "time"] as const).flatMap((x) =>
    [false, true].map((isLog) => ({
      x,
      isLog,
      file: `loss-by-${x}${isLog ? "-log" : ""}`,
      caption: "Loss",
      draw: (place: ChartPlace) => lossSpec(curves, names, { x, isLog }, place),
    })),
  );
}

/** Charts of the scores; those of nothing are left out. */
export function scoreFigures({ runs }: Comparison): readonly Figure[] {
  const scored = runs.flatMap(({ name, score }) => (score === null ? [] : [{ name, score }]));
  if (scored.length === 0) return [];
  const names = runs.map(({ name }) => name);
  const few = scored.slice(0, MOST_RUNS);
  const shown = scored.length > few.length ? `, the first ${few.length} runs` : "";
  const parts = (
    caption: string,
    file: string,
    partsOf: (score: RunScore) => Readonly<Record<string, ScoreEstimate>>,
  ) => {
    const largest = Object.entries(partsOf(scored[0].score))
      .sort(([, a], [, b]) => b.rows - a.rows)
      .slice(0, MOST_PARTS);
    const estimates = largest.flatMap(([part]) =>
      few.flatMap(({ name: run, score }): NamedEstimate[] => {
        const found = partsOf(score)[part];
        return found ? [{ run, part: part.replaceAll("_", " "), ...found.f1 }] : [];
      }),
    );
    return {
      caption: caption + shown,
      file,
      draw: (place: ChartPlace) => intervalsSpec(estimates, names, "F1", place),
    };
  };
  const overall = scored.map(({ name: run, score }) => ({ run, ...score.f1 }));
  return [
    { caption: "F1 over all rows", file: "f1", draw: (place) => intervalsSpec(overall, names, "F1", place) },
    parts("F1 by entity", "f1-by-entity", (score) => score.by_entity),
    parts("F1 by unit of the truth", "f1-by-unit", (score) => score.by_unit),
  ];
}

/** F1 over training rows, when there are three sizes or more. */
export function sizeFigure({ runs }: Comparison): Figure | undefined {
  const sized = runs.flatMap(({ name: run, training_rows: rows, score }) =>
    rows === null || score === null ? [] : [{ run, rows, ...score.f1 }],
  );
  if (new Set(sized.map(({ rows }) => rows)).size < 3) return undefined;
  const names = runs.map(({ name }) => name);
  return { caption: "F1 by training rows", file: "f1-by-rows", draw: (place) => sizesSpec(sized, names, place) };
}

/** Each chart as an SVG document of its own, with its legend. */
export async function drawComparison(comparison: Comparison, records: readonly RunRecord[]) {
  const size = sizeFigure(comparison);
  const figures = [...lossFigures(records), ...scoreFigures(comparison), ...(size ? [size] : [])];
  const drawn: { file: string; svg: string }[] = [];
  for (const { file, draw } of figures) {
    drawn.push({ file: `${file}.svg`, svg: await renderSvg(draw({ width: 720, isAlone: true })) });
  }
  return drawn;
}
