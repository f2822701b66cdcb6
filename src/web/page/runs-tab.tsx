import { Choices } from "./choices.tsx";
import { usualColumns } from "./fields.ts";
import { FilterBox } from "./filter-box.tsx";
import { Menu } from "./menu.tsx";
import { Empty } from "./messages.tsx";
import { RunTable } from "./run-table.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import type { RunsView } from "./view.ts";

export function RunsTab(view: RunsView) {
  const { runs, fields, state, update } = view;
  const columns = state.columns ?? usualColumns(runs);
  const toggle = (id: string) => {
    const rest = columns.filter((one) => one !== id);
    update({ columns: rest.length < columns.length ? rest : [...columns, id] });
  };
  return (
    <>
      <div class="toolbar">
        <FilterBox {...view} />
        <Menu label="Columns">
          <Choices
            label="columns"
            choices={fields.filter(({ id }) => id !== "name")}
            chosen={new Set(columns)}
            toggle={toggle}
          />
          <button type="button" disabled={state.columns === null} onClick={() => update({ columns: null })}>
            Usual columns
          </button>
        </Menu>
        <ColourBy {...view} />
      </div>
      <SelectionBar {...view} />
      {view.filtered.length === 0 ? (
        <Empty title="No run fits">The filter leaves none. Take a word of it away.</Empty>
      ) : (
        <RunTable {...view} columns={columns} />
      )}
    </>
  );
}

function ColourBy({ fields, state, update }: RunsView) {
  const settings = fields.filter(({ group }) => group === "setting");
  return (
    <label class="pair">
      Colour by
      <select value={state.colourBy ?? ""} onChange={(e) => update({ colourBy: e.currentTarget.value || null })}>
        <option value="">run</option>
        {settings.map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}
