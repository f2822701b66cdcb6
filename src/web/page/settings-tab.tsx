import type { RunRow } from "../api.ts";
import { differingSettings, settingNames, settingOf } from "./fields.ts";
import { FilterBox } from "./filter-box.tsx";
import { Empty } from "./messages.tsx";
import { ScrollRegion } from "./scroll-region.tsx";
import type { RunsView } from "./view.ts";

/** Selected runs side by side: what they were told. */
export function SettingsTab(view: RunsView) {
  const { shown, state, update } = view;
  const keys = state.hasAllSettings ? settingNames(shown) : differingSettings(shown);
  return (
    <>
      <div class="toolbar">
        <FilterBox {...view} />
        <label class="pair">
          <input
            type="checkbox"
            checked={state.hasAllSettings}
            onChange={(e) => update({ hasAllSettings: e.currentTarget.checked })}
          />
          Equal settings too
        </label>
        {shown.length > 1 && <span class="pair">Bold: unlike the first run</span>}
      </div>
      {keys.length === 0 ? (
        <Empty title="No settings differ">
          {shown.length < 2
            ? "Select two runs or more to see in what they differ."
            : "All these runs were told the same."}
        </Empty>
      ) : (
        <SettingsTable runs={shown} keys={keys} view={view} />
      )}
    </>
  );
}

interface TableProps {
  readonly runs: readonly RunRow[];
  readonly keys: readonly string[];
  readonly view: RunsView;
}

function SettingsTable({ runs, keys, view }: TableProps) {
  return (
    <ScrollRegion label="Settings">
      <table class="settings-table">
        <thead>
          <tr>
            <th class="name">setting</th>
            {runs.map(({ name }) => (
              <th key={name} scope="col">
                <span class="mark" style={{ color: view.looks.get(name)?.colour ?? "inherit" }} aria-hidden="true" />
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key}>
              <th scope="row" class="name">
                {key}
              </th>
              {runs.map((run) => (
                <td key={run.name} class={settingOf(run, key) === settingOf(runs[0]!, key) ? "" : "differs"}>
                  {settingOf(run, key) ?? <span class="quiet">–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
