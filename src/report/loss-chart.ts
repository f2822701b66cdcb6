import type { TopLevelSpec } from "vega-lite";
import { chartNames } from "./chart-names.ts";
import { type ChartPlace, scalesOf, styleFor } from "./chart-style.ts";
import type { LossCurve, LossPoint } from "./run-curve.ts";

export interface NamedCurve {
  readonly name: string;
  readonly curve: LossCurve;
}

export type Progress = "step" | "samples" | "time";

/** With more runs, the steps of one would hide the mean of another. */
export const showsSteps = (curves: readonly NamedCurve[]) => curves.length <= 20;

/** Loss of every run: what each step had, pale, and its running mean. A run's colour is its place among `all`. */
export function lossSpec(
  curves: readonly NamedCurve[],
  all: readonly string[],
  { x, isLog }: { readonly x: Progress; readonly isLog: boolean },
  place: ChartPlace,
): TopLevelSpec {
  const nameOf = chartNames(all);
  const shown = curves.map(({ name, curve }) => ({ run: nameOf(name), curve }));
  const { unit, toX } = x === "time" ? timeAxis(curves) : { unit: X_TITLES[x], toX: (point: LossPoint) => point[x] };
  const values = (kind: keyof LossCurve) =>
    shown.flatMap(({ run, curve }) =>
      curve[kind].filter(({ loss }) => !isLog || loss > 0).map((p) => ({ run, x: toX(p), loss: p.loss })),
    );
  const { color, strokeDash } = scalesOf(all.map(nameOf), place);
  const ticks = Math.max(3, Math.floor(place.width / 90));
  const encoding = {
    x: {
      field: "x",
      type: "quantitative",
      title: unit,
      scale: { nice: false },
      axis: { tickCount: ticks, format: "~s" },
    },
    y: {
      field: "loss",
      type: "quantitative",
      title: isLog ? "loss, logarithmic" : "loss",
      scale: isLog ? LOG : FREE,
      axis: { tickCount: 6, format: "~g" },
    },
    color,
  } as const;
  return {
    ...styleFor(place),
    width: place.width,
    height: Math.min(340, Math.max(220, place.width * 0.5)),
    encoding,
    layer: [
      {
        data: { values: showsSteps(curves) ? values("raw") : [] },
        mark: { type: "line", strokeWidth: 1, opacity: 0.25, aria: false },
      },
      {
        data: { values: values("smooth") },
        mark: { type: "line", strokeWidth: 2, aria: false },
        encoding: { strokeDash },
      },
    ],
  };
}

const LOG = { type: "log" as const, nice: false };
const FREE = { zero: false };

const X_TITLES = { step: "optimiser step", samples: "rows trained on" } as const;

function timeAxis(curves: readonly NamedCurve[]) {
  const longest = Math.max(0, ...curves.map(({ curve }) => curve.smooth.at(-1)?.seconds ?? 0));
  const [unit, size] = longest > 7200 ? ["hours", 3600] : longest > 180 ? ["minutes", 60] : ["seconds", 1];
  return { unit: `${unit} of training`, toX: ({ seconds }: LossPoint) => seconds / (size as number) };
}
