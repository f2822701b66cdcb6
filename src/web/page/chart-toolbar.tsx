import type { Axis } from "../api.ts";
import { Choices } from "./choices.tsx";
import { Menu } from "./menu.tsx";
import type { ChartSpec } from "./page-state.ts";
import type { RunsView } from "./view.ts";

interface Props extends RunsView {
  readonly charts: readonly ChartSpec[];
  readonly metrics: readonly string[];
}

const AXES: Readonly<Record<Axis, string>> = { step: "step", samples: "samples", time: "time" };

export function ChartToolbar({ charts, metrics, state, update }: Props) {
  const drawn = new Set(charts.map(({ metric }) => metric));
  const toggle = (metric: string) =>
    update({
      charts: drawn.has(metric) ? charts.filter((one) => one.metric !== metric) : [...charts, { metric, isLog: false }],
    });
  return (
    <div class="toolbar">
      <label class="pair">
        Against
        <select value={state.axis} onChange={(e) => update({ axis: e.currentTarget.value as Axis, zoom: null })}>
          {Object.entries(AXES).map(([axis, title]) => (
            <option key={axis} value={axis}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label class="pair">
        <input type="checkbox" checked={state.isLogX} onChange={(e) => update({ isLogX: e.currentTarget.checked })} />
        Logarithmic
      </label>
      <label class="pair">
        <input
          type="checkbox"
          checked={state.isWithoutOutliers}
          onChange={(e) => update({ isWithoutOutliers: e.currentTarget.checked })}
        />
        Without outliers
      </label>
      <label class="pair">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={state.smoothing}
          onInput={(e) => update({ smoothing: e.currentTarget.valueAsNumber })}
        />
        <output>{state.smoothing.toFixed(2)}</output>
      </label>
      <span class="space" />
      {state.zoom && (
        <button type="button" onClick={() => update({ zoom: null })}>
          Whole range
        </button>
      )}
      <Menu label="Charts">
        <Choices
          label="metrics"
          choices={metrics.filter((metric) => metric !== "step").map((id) => ({ id, group: "metric" }))}
          chosen={drawn}
          toggle={toggle}
        />
      </Menu>
    </div>
  );
}
