import { ChartPanel } from "./chart-panel.tsx";
import { ChartToolbar } from "./chart-toolbar.tsx";
import { metricNames } from "./fields.ts";
import { countOf } from "./format.ts";
import { MOST_LINES } from "./limits.ts";
import { usualCharts } from "./live-runs.ts";
import { Empty } from "./messages.tsx";
import type { ChartSpec } from "./page-state.ts";
import { RunList } from "./run-list.tsx";
import type { RunsView } from "./view.ts";

export function ChartsTab(view: RunsView) {
  const { runs, shown, state, update } = view;
  const metrics = metricNames(runs);
  const charts = state.charts ?? usualCharts(metrics).map((metric): ChartSpec => ({ metric, isLog: false }));
  const wanted = shown.filter(({ name }) => !state.hidden.includes(name));
  const drawn = wanted.slice(0, MOST_LINES);
  const change = (metric: string, next: ChartSpec | null) =>
    update({ charts: charts.flatMap((one) => (one.metric === metric ? (next ?? []) : one)) });
  return (
    <>
      <RunList {...view} />
      <div class="charts-main">
        <ChartToolbar {...view} charts={charts} metrics={metrics} />
        {drawn.length < wanted.length && (
          <p role="status" class="hint">
            The first {drawn.length} of {countOf(wanted.length, "run")} are drawn: a filter or boxes choose others.
          </p>
        )}
        <div class="chart-grid">
          {charts.map((spec) => (
            <ChartPanel
              key={spec.metric}
              {...view}
              spec={spec}
              drawn={drawn}
              toggleLog={() => change(spec.metric, { ...spec, isLog: !spec.isLog })}
              remove={() => change(spec.metric, null)}
            />
          ))}
        </div>
        {charts.length === 0 && (
          <Empty title="No charts">
            {metrics.length
              ? "Add one from the list above."
              : "No run has a history yet. The first step brings charts."}
          </Empty>
        )}
      </div>
    </>
  );
}
