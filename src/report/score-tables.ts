import type { ScoreEstimate } from "../challenge/bootstrap.ts";
import { cut } from "../util/cut.ts";
import { formatCount } from "../util/format-number.ts";
import type { Figure } from "./compare-figures.ts";
import type { RunScore } from "./comparison.ts";
import { type Html, html, htmlTable, type TableColumn } from "./html.ts";
import { responsiveChart } from "./page.ts";
import { ratio } from "./words.ts";

const NAME = 40;
/** Notes that stand open; of more the list can be opened. */
const FEW_NOTES = 6;

export function noteList(notes: readonly string[]): Html {
  if (notes.length === 0) return html``;
  const list = html`<ul class="notes">${notes.map((note) => html`<li>${cut(note, 400)}</li>\n`)}</ul>\n`;
  if (notes.length <= FEW_NOTES) return list;
  return html`<details><summary>${notes.length} notes on what lacks or is not finished</summary>${list}</details>\n`;
}

export const estimateCell = ({ value, low, high }: ScoreEstimate["f1"]) =>
  html`${ratio(value)}<small>${ratio(low)}–${ratio(high)}</small>`;

export function partsTable(
  runs: readonly { readonly name: string; readonly score: RunScore }[],
  partsOf: (score: RunScore) => Readonly<Record<string, ScoreEstimate>>,
): Html {
  const parts = Object.keys(partsOf(runs[0].score));
  const columns: readonly TableColumn<string>[] = [
    { name: "", cell: (part) => cut(part.replaceAll("_", " "), NAME) },
    { name: "rows", cell: (part) => formatCount(partsOf(runs[0].score)[part].rows), isNumber: true },
    ...runs.map(({ name, score }) => ({
      name: cut(name, NAME),
      cell: (part: string) => (partsOf(score)[part] ? estimateCell(partsOf(score)[part].f1) : "–"),
      isNumber: true,
    })),
  ];
  return htmlTable(parts, columns);
}

export async function chart({ caption, draw }: Figure): Promise<Html> {
  return html`<figure><figcaption>${caption}</figcaption>${await responsiveChart(draw)}</figure>\n`;
}
