import { unitOfText } from "../challenge/unit-of-text.ts";
import { formatCount, formatShare } from "../util/format-number.ts";
import { Html, html } from "./html.ts";
import type { AnsweredRow } from "./run-record.ts";

/** Rows by the unit of the truth and the unit that was answered. */
export interface UnitConfusion {
  readonly truths: readonly string[];
  readonly answers: readonly string[];
  /** [truth][answer] */
  readonly rows: readonly (readonly number[])[];
}

/** Units in the order of the alphabet, "blank" and "other" last. */
export function confuseUnits(rows: readonly AnsweredRow[]): UnitConfusion {
  const pairs = rows.map(({ prediction, truth }) => ({ truth: unitOfText(truth), answer: unitOfText(prediction) }));
  const truths = inOrder(pairs.map(({ truth }) => truth));
  const answers = inOrder(pairs.map(({ answer }) => answer));
  const counts = truths.map(() => answers.map(() => 0));
  for (const { truth, answer } of pairs) counts[truths.indexOf(truth)][answers.indexOf(answer)]++;
  return { truths, answers, rows: counts };
}

const LAST = ["blank", "other"];

function inOrder(units: readonly string[]): string[] {
  const known = [...new Set(units)].sort();
  return [...known.filter((unit) => !LAST.includes(unit)), ...LAST.filter((unit) => known.includes(unit))];
}

/** The table with its cells shaded by their share of the row. */
export function confusionTable({ truths, answers, rows }: UnitConfusion): Html {
  const head = answers.map((unit) => html`<th scope="col">${unit}</th>`);
  const lines = truths.map((unit, t) => {
    const total = rows[t].reduce((sum, count) => sum + count, 0);
    const cells = rows[t].map((count, a) => {
      const colour = answers[a] === unit ? "#2e9e5b" : "#d62728";
      const shade = new Html(`color-mix(in srgb, ${colour} ${Math.round((65 * count) / total)}%, transparent)`);
      return count === 0
        ? html`<td></td>`
        : html`<td style="background: ${shade}" title="${formatShare(count / total)} of the row">${formatCount(count)}</td>`;
    });
    return html`<tr><th scope="row">${unit}</th>${cells}</tr>\n`;
  });
  return html`<div class="scroll"><table class="heat">\n<thead><tr><th scope="col">truth ↓ answered →</th>${head}</tr></thead>
<tbody>\n${lines}</tbody>\n</table></div>\n`;
}
