import type { RunRow } from "../api.ts";
import type { Look } from "./colours.ts";
import { type Field, formatValue, NOTHING } from "./fields.ts";
import { formatMetric, formatShare, formatTime } from "./format.ts";
import { Dot, Progress, State } from "./run-name.tsx";

interface Props {
  readonly run: RunRow;
  readonly fields: readonly Field[];
  readonly numeric: ReadonlySet<string>;
  readonly look: Look | undefined;
  readonly isSelected: boolean;
  readonly isHidden: boolean;
  readonly toggle: (name: string, isRange: boolean) => void;
  readonly hide: (name: string) => void;
}

export function RunTableRow({ run, fields, numeric, look, isSelected, isHidden, toggle, hide }: Props) {
  return (
    <tr class={isSelected ? "selected" : ""}>
      <td class="tick">
        <input
          type="checkbox"
          aria-label={`Select ${run.name}`}
          checked={isSelected}
          onClick={(e) => toggle(run.name, e.shiftKey)}
        />
      </td>
      <th scope="row" class="name">
        <div>
          <Dot name={run.name} look={look} isHidden={isHidden} toggle={() => hide(run.name)} />
          <span class="text" title={run.name}>
            {run.name}
          </span>
        </div>
        {(run.fault ?? run.reason) && <p class="hint">{run.fault ?? run.reason}</p>}
      </th>
      {fields.map((field) => (
        <td key={field.id} class={numeric.has(field.id) ? "number" : ""}>
          <Cell field={field} run={run} />
        </td>
      ))}
    </tr>
  );
}

function Cell({ field, run }: { readonly field: Field; readonly run: RunRow }) {
  if (field.id === "state") return <State run={run} />;
  if (field.id === "step") return <Progress run={run} />;
  const value = field.read(run);
  if (value === null || value === NOTHING) return <span class="quiet">–</span>;
  if (field.id === "started") return <time dateTime={String(value)}>{formatTime(String(value))}</time>;
  if (field.group === "F1") return <>{formatShare(Number(value))}</>;
  if (field.group === "metric") return <>{formatMetric(field.id.replace(/\.\w+$/, ""), Number(value))}</>;
  return <>{formatValue(value)}</>;
}
