import { useMemo } from "preact/hooks";
import type { PredictionsAnswer, RunRow } from "../api.ts";
import { addressOf } from "./client.ts";
import { countOf, formatCount, formatShare } from "./format.ts";
import { Empty, Fault } from "./messages.tsx";
import type { PredictionsView } from "./page-state.ts";
import { PredictionFilters } from "./prediction-filters.tsx";
import { PredictionList } from "./prediction-list.tsx";
import { entitiesOf, filterRows, pairRows } from "./prediction-rows.ts";
import { useAnswer } from "./use-answer.ts";
import type { RunsView } from "./view.ts";

/** What a run answered, question by question, and beside it what another did. */
export function PredictionsTab({ runs, shown, state, update }: RunsView) {
  const view = state.predictions;
  const answered = runs.filter(({ splits }) => splits.length > 0);
  const first = answered.find(({ name }) => name === view.first) ?? firstOf(shown, answered);
  const split = first?.splits.find((one) => one === view.split) ?? first?.splits[0] ?? null;
  const second = answered.find(({ name, splits }) => name === view.second && splits.includes(split ?? ""));
  const asked = [usePredictions(first, split), usePredictions(second, split)];
  const [rows, others] = asked.map(({ answer }) => answer?.rows ?? NONE) as [typeof NONE, typeof NONE];
  const paired = useMemo(() => pairRows(rows, others), [rows, others]);
  const { entity, outcome, text, versus } = view;
  const found = useMemo(() => filterRows(paired, view), [paired, entity, outcome, text, versus]);
  const entities = useMemo(() => entitiesOf(rows), [rows]);
  if (!first || split === null)
    return <Empty title="No answers yet">{"They come from amlc eval --run RUN --split val."}</Empty>;
  const change = (part: Partial<PredictionsView>) => update({ predictions: { ...view, ...part } });
  const notes = asked.flatMap(({ answer }) => answer?.notes ?? []);
  const faults = asked.flatMap(({ fault }) => fault ?? []);
  const isThere = asked[0]!.answer !== null;
  return (
    <>
      <PredictionFilters {...{ view, change, first, second, split, entities }} runs={answered} />
      <p class="selection" role="status">
        {isThere ? `${formatCount(found.length)} of ${countOf(rows.length, "answer")}` : "Reading …"}
        {first.scores[split] !== undefined && <span class="quiet">F1 {formatShare(first.scores[split])}</span>}
        {second?.scores[split] !== undefined && <span class="quiet">against {formatShare(second.scores[split])}</span>}
      </p>
      {faults.map(({ message, hint }) => (
        <Fault key={message} message={message} hint={hint} />
      ))}
      {[...new Set(notes)].map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
      {isThere && found.length === 0 && <Empty title="No answer fits">Ask for less: another entity or outcome.</Empty>}
      {found.length > 0 && (
        <PredictionList
          rows={found}
          run={first.name}
          other={second?.name ?? null}
          split={split}
          current={view.row}
          select={(row) => change({ row })}
        />
      )}
    </>
  );
}

const NONE: PredictionsAnswer["rows"] = [];

function firstOf(shown: readonly RunRow[], answered: readonly RunRow[]): RunRow | undefined {
  return shown.find(({ splits }) => splits.length > 0) ?? answered[0];
}

/** They are read again when the run was evaluated again. */
function usePredictions(run: RunRow | undefined, split: string | null) {
  const address = run && split !== null ? addressOf("predictions", { run: run.name, split }) : null;
  return useAnswer<PredictionsAnswer>(address, run?.stamps[split ?? ""] ?? "");
}
