import { addressOf } from "./client.ts";
import { countOf } from "./format.ts";
import { MOST_RUNS } from "./limits.ts";
import { Menu } from "./menu.tsx";
import type { RunsView } from "./view.ts";

/** How many runs are selected, and what can be done with them. */
export function SelectionBar({ runs, filtered, shown, state, update }: RunsView) {
  const selected = runs.filter(({ name }) => state.runs.includes(name)).length;
  const names = shown.map(({ name }) => name);
  const isTooMany = names.length > MOST_RUNS;
  const split = COMPARED.find((name) => shown.some(({ splits }) => splits.includes(name))) ?? null;
  return (
    <div class="selection">
      <span role="status">
        {selected
          ? `${selected} of ${countOf(runs.length, "run")} selected`
          : `${countOf(filtered.length, "run")}; charts show ${filtered.length > shown.length ? "the first " : ""}${shown.length}`}
      </span>
      {selected > 0 && (
        <button type="button" onClick={() => update({ runs: [] })}>
          Select none
        </button>
      )}
      <span class="space" />
      {names.length > 1 && !isTooMany && (
        <a class="button" href={addressOf("compare", { run: names, split })} target="_blank" rel="noopener">
          Compare {names.length}
        </a>
      )}
      {isTooMany ? (
        <span>Comparison and files are of {MOST_RUNS} runs at most</span>
      ) : (
        <Menu label="Export">
          {EXPORTS.map(({ title, what, format }) => (
            <a key={title} download="" href={addressOf("export", { run: names, what, format })}>
              {title}
            </a>
          ))}
        </Menu>
      )}
    </div>
  );
}

/** Splits that the server compares: of a file it does not know where that is. Without any, the page is of curves and cost. */
const COMPARED = ["val", "train"];

const EXPORTS = [
  { title: "Runs as CSV", what: "runs", format: "csv" },
  { title: "Runs as JSON", what: "runs", format: "json" },
  { title: "Histories as CSV", what: "history", format: "csv" },
  { title: "Histories as JSON", what: "history", format: "json" },
];
