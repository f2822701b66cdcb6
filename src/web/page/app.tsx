import { useMemo } from "preact/hooks";
import type { RunsAnswer } from "../api.ts";
import { ChartsTab } from "./charts-tab.tsx";
import { looksOf } from "./colours.ts";
import { type Field, fieldsOf, findField, sortRuns } from "./fields.ts";
import { Header } from "./header.tsx";
import { shownRuns } from "./live-runs.ts";
import { Fault, NoRuns, NothingYet } from "./messages.tsx";
import type { PageState } from "./page-state.ts";
import { PredictionsTab } from "./predictions-tab.tsx";
import { parseFilter } from "./run-filter.ts";
import { RunsTab } from "./runs-tab.tsx";
import { SettingsTab } from "./settings-tab.tsx";
import { usePageState } from "./use-page-state.ts";
import { useRuns } from "./use-runs.ts";
import { useTheme } from "./use-theme.ts";
import type { RunsView } from "./view.ts";

const CONTENTS = { runs: RunsTab, charts: ChartsTab, settings: SettingsTab, predictions: PredictionsTab };

export function App() {
  const [state, update] = usePageState();
  const theme = useTheme();
  const live = useRuns();
  const fields = useMemo(() => fieldsOf(live.answer?.runs ?? []), [live.answer]);
  const found = useMemo(
    () => findRuns(live.answer, fields, state),
    [...[live.answer, fields, state.filter, state.sort.field, state.sort.isDescending, state.runs, state.colourBy]],
  );
  const Content = CONTENTS[state.tab];
  return (
    <>
      <Header folder={live.answer?.folder ?? ""} link={live.link} theme={theme} state={state} update={update} />
      <p role="status" class="unseen">
        {live.notice}
      </p>
      {live.answer && live.link === "lost" && <Fault message="The server does not answer" hint="trying again …" />}
      <main>
        <div id="content" role="tabpanel" aria-labelledby={`tab-${state.tab}`} class={`content ${state.tab}`}>
          {!live.answer ? (
            <NothingYet fault={live.fault} />
          ) : live.answer.runs.length === 0 ? (
            <NoRuns folder={live.answer.folder} />
          ) : (
            <Content
              {...found}
              runs={live.answer.runs}
              fields={fields}
              state={state}
              update={update}
              versions={live.versions}
              epoch={live.epoch}
              isDark={theme.isDark}
            />
          )}
        </div>
      </main>
    </>
  );
}

type Found = Pick<RunsView, "filtered" | "shown" | "looks" | "filterFaults">;

function findRuns(answer: RunsAnswer | null, fields: readonly Field[], state: PageState): Found {
  const runs = answer?.runs ?? [];
  const by = findField(fields, state.sort.field) ?? fields[0]!;
  const sorted = sortRuns(runs, by, state.sort.isDescending);
  const filter = parseFilter(state.filter, fields);
  const filtered = sorted.filter(filter.matches);
  const colourBy = state.colourBy === null ? undefined : findField(fields, state.colourBy);
  return {
    filtered,
    shown: shownRuns(sorted, filtered, state.runs),
    looks: looksOf(runs, colourBy),
    filterFaults: filter.faults,
  };
}
