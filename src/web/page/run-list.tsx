import { FilterBox } from "./filter-box.tsx";
import { countOf } from "./format.ts";
import { MOST_LINES } from "./limits.ts";
import { toggleRuns } from "./live-runs.ts";
import { Dot, State } from "./run-name.tsx";
import { useMedia } from "./use-media.ts";
import type { RunsView } from "./view.ts";

/** Runs beside the charts: which are drawn, in which colour. */
export function RunList(view: RunsView) {
  const { filtered, shown, looks, state, update } = view;
  const isWide = useMedia("(min-width: 900px)");
  const names = new Set(shown.map(({ name }) => name));
  const hide = (name: string) => {
    const rest = state.hidden.filter((one) => one !== name);
    update({ hidden: rest.length < state.hidden.length ? rest : [...state.hidden, name] });
  };
  const rows = [...filtered, ...shown.filter((run) => !filtered.includes(run))];
  return (
    <details class="run-list" open={isWide}>
      <summary>
        Runs <span class="quiet">{countOf(Math.min(shown.length, MOST_LINES), "run")} drawn</span>
      </summary>
      <FilterBox {...view} />
      <ul>
        {rows.map((run) => (
          <li key={run.name}>
            <input
              type="checkbox"
              aria-label={`Draw ${run.name}`}
              checked={names.has(run.name)}
              onClick={() => update({ runs: toggleRuns([...names], rows, run.name, null) })}
            />
            <Dot
              name={run.name}
              look={looks.get(run.name)}
              isHidden={state.hidden.includes(run.name)}
              toggle={() => hide(run.name)}
            />
            <span class="text" title={run.name}>
              {run.name}
            </span>
            {run.state !== "finished" && <State run={run} />}
          </li>
        ))}
      </ul>
    </details>
  );
}
