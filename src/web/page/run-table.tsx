import { useRef } from "preact/hooks";
import type { RunRow } from "../api.ts";
import { type Field, findField, isNumeric } from "./fields.ts";
import { isShortcut } from "./keys.ts";
import { toggleRuns } from "./live-runs.ts";
import { RunTableRow } from "./run-table-row.tsx";
import { ScrollRegion } from "./scroll-region.tsx";
import type { RunsView } from "./view.ts";

interface Props extends RunsView {
  readonly columns: readonly string[];
}

export function RunTable({ columns, runs, filtered, fields, looks, state, update }: Props) {
  const last = useRef<string | null>(null);
  const shownFields = columns.flatMap((id) => fields.find((field) => field.id === id) ?? []);
  const numeric = new Set(shownFields.filter((field) => isNumeric(field, runs)).map(({ id }) => id));
  const selected = new Set(state.runs);
  const hidden = new Set(state.hidden);
  const isAll = filtered.every(({ name }) => selected.has(name));

  const toggleAll = () => {
    const names = filtered.map(({ name }) => name);
    const others = state.runs.filter((name) => !names.includes(name));
    update({ runs: isAll ? others : [...others, ...names] });
  };
  const toggle = (name: string, isRange: boolean) => {
    update({ runs: toggleRuns(state.runs, filtered, name, isRange ? last.current : null) });
    last.current = name;
  };
  const hide = (name: string) =>
    update({ hidden: hidden.has(name) ? state.hidden.filter((one) => one !== name) : [...state.hidden, name] });

  return (
    <ScrollRegion label="Runs" onKeyDown={moveByArrows}>
      <table class="run-table">
        <thead>
          <tr>
            <th class="tick">
              <input type="checkbox" aria-label="Select all runs" checked={isAll} onChange={toggleAll} />
            </th>
            <HeadCell field={findField(fields, "name")!} isNumeric={false} state={state} update={update} />
            {shownFields.map((field) => (
              <HeadCell key={field.id} field={field} isNumeric={numeric.has(field.id)} state={state} update={update} />
            ))}
          </tr>
        </thead>
        <tbody>
          {filtered.map((run: RunRow) => (
            <RunTableRow
              key={run.name}
              run={run}
              fields={shownFields}
              numeric={numeric}
              look={looks.get(run.name)}
              isSelected={selected.has(run.name)}
              isHidden={hidden.has(run.name)}
              toggle={toggle}
              hide={hide}
            />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

interface HeadProps extends Pick<RunsView, "state" | "update"> {
  readonly field: Field;
  readonly isNumeric: boolean;
}

function HeadCell({ field, isNumeric, state, update }: HeadProps) {
  const isSorted = state.sort.field === field.id;
  const order = !isSorted ? "none" : state.sort.isDescending ? "descending" : "ascending";
  const sort = () =>
    update({ sort: { field: field.id, isDescending: isSorted ? !state.sort.isDescending : isNumeric } });
  return (
    <th aria-sort={order} class={`${isNumeric ? "number" : ""}${field.id === "name" ? " name" : ""}`}>
      <button type="button" onClick={sort}>
        {field.id}
        {isSorted && (
          <span aria-hidden="true" class="order">
            {state.sort.isDescending ? "↓" : "↑"}
          </span>
        )}
      </button>
    </th>
  );
}

/** Up and down, or k and j, go from one run's box to the next. */
function moveByArrows(event: KeyboardEvent): void {
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key] ?? 0;
  if (by === 0 || isShortcut(event)) return;
  const boxes = [...(event.currentTarget as Element).querySelectorAll<HTMLInputElement>("tbody .tick input")];
  const row = document.activeElement?.closest("tr");
  const at = boxes.findIndex((box) => box.closest("tr") === row);
  const next = boxes[at < 0 ? 0 : Math.min(boxes.length - 1, Math.max(0, at + by))];
  event.preventDefault();
  next?.focus();
}
