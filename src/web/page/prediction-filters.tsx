import type { RunRow } from "../api.ts";
import { OUTCOMES, type PredictionsView, type Versus } from "./page-state.ts";

interface Props {
  readonly view: PredictionsView;
  readonly change: (part: Partial<PredictionsView>) => void;
  readonly runs: readonly RunRow[];
  readonly first: RunRow;
  readonly second: RunRow | undefined;
  readonly split: string;
  readonly entities: readonly string[];
}

const OUTCOME_TITLES: Readonly<Record<(typeof OUTCOMES)[number], string>> = {
  tp: "right (TP)",
  fp: "wrong (FP)",
  fn: "left blank (FN)",
  tn: "rightly blank (TN)",
};

export function PredictionFilters({ view, change, runs, first, second, split, entities }: Props) {
  const names = runs.map(({ name }) => name);
  const beside = runs.filter((run) => run !== first && run.splits.includes(split)).map(({ name }) => name);
  return (
    <div class="toolbar">
      <Pick label="Run" value={first.name} values={names} pick={(one) => change({ first: one })} />
      <Pick
        label="Beside"
        value={second?.name ?? ""}
        values={beside}
        none="no other"
        pick={(one) => change({ second: one, ...(one === null && { versus: "all" }) })}
      />
      {second && (
        <label class="pair">
          Correct
          <select value={view.versus} onChange={(e) => change({ versus: e.currentTarget.value as Versus, row: null })}>
            <option value="all">all rows</option>
            <option value="first">left only</option>
            <option value="second">right only</option>
            <option value="neither">neither</option>
          </select>
        </label>
      )}
      {first.splits.length > 1 && (
        <Pick label="Split" value={split} values={first.splits} pick={(one) => change({ split: one })} />
      )}
      <Pick
        label="Entity"
        value={view.entity ?? ""}
        values={entities}
        none="all"
        pick={(entity) => change({ entity, row: null })}
      />
      <Pick
        label="Outcome"
        value={view.outcome ?? ""}
        values={OUTCOMES}
        titles={OUTCOME_TITLES}
        none="all"
        pick={(outcome) => change({ outcome, row: null })}
      />
      <input
        type="search"
        aria-label="Text in truth or answer"
        placeholder="Text in truth or answer"
        value={view.text}
        onInput={(e) => change({ text: e.currentTarget.value, row: null })}
      />
    </div>
  );
}

interface PickProps {
  readonly label: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly titles?: Readonly<Record<string, string>>;
  /** What it is called when nothing is picked; without it something always is. */
  readonly none?: string;
  readonly pick: (value: string | null) => void;
}

function Pick({ label, value, values, titles, none, pick }: PickProps) {
  return (
    <label class="pair">
      {label}
      <select value={value} onChange={(e) => pick(e.currentTarget.value || null)}>
        {none !== undefined && <option value="">{none}</option>}
        {values.map((one) => (
          <option key={one} value={one}>
            {titles?.[one] ?? one}
          </option>
        ))}
      </select>
    </label>
  );
}
