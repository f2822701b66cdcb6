import { useMemo, useRef } from "preact/hooks";
import type { RunRow } from "../api.ts";
import { Chart } from "./chart.tsx";
import type { Drawn } from "./chart-props.ts";
import { lookOf } from "./colours.ts";
import { countOf } from "./format.ts";
import type { ChartSpec } from "./page-state.ts";
import { useSeries } from "./use-series.ts";
import { useWidth } from "./use-width.ts";
import type { RunsView } from "./view.ts";

interface Props extends RunsView {
  readonly spec: ChartSpec;
  readonly drawn: readonly RunRow[];
  readonly toggleLog: () => void;
  readonly remove: () => void;
}

/** More of them cannot be told apart by the eye, and every step of a chart's width is drawn. */
const PIXELS_A_POINT = 2;
const POINTS_STEP = 100;

/** One metric of all runs that are drawn, under its name. */
export function ChartPanel({ spec, drawn, looks, state, update, versions, epoch, isDark, toggleLog, remove }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const withMetric = drawn.filter(({ metrics }) => Object.hasOwn(metrics, spec.metric));
  const runs = new Map(withMetric.map(({ name }) => [name, epoch * 1e6 + (versions.get(name) ?? 0)]));
  const points = Math.max(1, Math.ceil(width / PIXELS_A_POINT / POINTS_STEP)) * POINTS_STEP;
  const { series, fault, isLoading } = useSeries({
    metric: spec.metric,
    axis: state.axis,
    zoom: state.zoom,
    points,
    runs,
  });
  const lines = useMemo(
    () =>
      withMetric.flatMap(({ name }): readonly Drawn[] => {
        const found = series.get(name);
        return found ? [{ series: found, look: looks.get(name) ?? lookOf(0) }] : [];
      }),
    [series, looks, withMetric.map(({ name }) => name).join("\n")],
  );
  const brokenLines = lines.reduce((sum, line) => sum + line.series.brokenLines, 0);
  const isSampled = lines.some((line) => line.series.isSampled);
  const hasPoints = lines.some((line) => line.series.x.length > 0);
  return (
    <section class="chart-panel" aria-label={spec.metric}>
      <header>
        <h2>{spec.metric}</h2>
        {brokenLines > 0 && <span class="hint">without {countOf(brokenLines, "broken line")}</span>}
        {fault && hasPoints && <span class="hint">{fault.message}</span>}
        {isSampled && <span class="quiet">reading …</span>}
        <button type="button" class="small" aria-pressed={spec.isLog} onClick={toggleLog}>
          log
        </button>
        <button type="button" class="small" aria-label={`Remove ${spec.metric}`} onClick={remove}>
          ×
        </button>
      </header>
      <div class="plot" ref={box}>
        {hasPoints && width > 0 && (
          <Chart
            lines={lines}
            metric={spec.metric}
            axis={state.axis}
            isLogX={state.isLogX}
            isLogY={spec.isLog}
            isWithoutOutliers={state.isWithoutOutliers}
            smoothing={state.smoothing}
            zoom={state.zoom}
            width={width}
            isDark={isDark}
            setZoom={(zoom) => update({ zoom })}
          />
        )}
        {!hasPoints && <p class="quiet none">{whyNone(fault, isLoading, withMetric.length)}</p>}
      </div>
    </section>
  );
}

function whyNone(fault: Error | null, isLoading: boolean, runs: number): string {
  if (fault) return fault.message;
  if (runs === 0) return "No run that is drawn has this metric.";
  return isLoading ? "Reading …" : "No points in this range.";
}
