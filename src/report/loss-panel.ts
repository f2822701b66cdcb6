import { cut } from "../util/cut.ts";
import { chartNames } from "./chart-names.ts";
import { colourOf, dashesOf } from "./chart-style.ts";
import { curvesOf, lossFigures } from "./compare-figures.ts";
import { Html, html } from "./html.ts";
import { showsSteps } from "./loss-chart.ts";
import { responsiveChart } from "./page.ts";
import type { RunRecord } from "./run-record.ts";

const AXES = [
  ["step", "optimiser step"],
  ["samples", "rows trained on"],
  ["time", "time"],
] as const;

/**
 * The loss of all runs in each choice of axes, drawn beforehand: radio buttons and check boxes choose what is seen, by CSS
 * alone, so that the page runs no program.
 */
export async function lossPanel(records: readonly RunRecord[]): Promise<Html> {
  const charts: Html[] = [];
  for (const { x, isLog, draw } of lossFigures(records)) {
    charts.push(html`<div class="loss ${x}-${isLog ? "log" : "linear"}">${await responsiveChart(draw)}</div>`);
  }
  if (charts.length === 0) return html`<p class="note">No run has a loss to draw.</p>\n`;
  const axes = AXES.map(
    ([x, label], i) =>
      html`<label><input type="radio" name="x" id="x-${x}"${new Html(i === 0 ? " checked" : "")}>${label}</label>\n`,
  );
  return html`<fieldset class="controls"><span>Over:</span>
${axes}<label><input type="checkbox" id="log">logarithmic loss</label></fieldset>
<p class="note">${showsSteps(curvesOf(records)) ? STEPS_AND_MEAN : MEAN}</p>
${charts}
${legend(records)}`;
}

/** Letters of a run's name in a legend. */
const LONGEST = 60;

const MEAN = "Running mean over a twentieth of the run.";
const STEPS_AND_MEAN = `Pale: every step, as its stretch's lowest and highest. Strong: ${MEAN.toLowerCase()}`;

/** A box for each curve that takes it out of the chart. */
function legend(records: readonly RunRecord[]): Html {
  const names = records.map(({ name }) => name);
  const drawn = curvesOf(records).map(({ name }) => name);
  const shown = chartNames(names, LONGEST);
  const items = drawn.map(
    (name, i) =>
      html`<li><label><input type="checkbox" id="run-${i}" checked>${sample(names.indexOf(name))}${shown(name)}</label></li>\n`,
  );
  const without = names.filter((name) => !drawn.includes(name));
  const note = without.length > 0 ? html`<li class="note">no loss yet: ${cut(without.join(", "), 80)}</li>` : html``;
  return html`<ul class="legend">${items}${note}</ul>\n`;
}

function sample(i: number): Html {
  const dashes = dashesOf(i).join(" ");
  return html`<svg width="26" height="8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4" stroke="${colourOf(i)}" stroke-width="3" stroke-dasharray="${dashes || "none"}"/></svg>`;
}

/** Which dot of a chart is which run, of `all`. */
export function colourKey(shown: readonly string[], all: readonly string[]): Html {
  const nameOf = chartNames(all, LONGEST);
  const items = shown.map((name) => html`<li><label>${sample(all.indexOf(name))}${nameOf(name)}</label></li>\n`);
  return html`<ul class="legend">${items}</ul>\n`;
}

/** CSS of the controls; the runs of a chart are groups in their order. */
export function lossStyle(runs: number): string {
  const axes = AXES.flatMap(([x]) => [
    `body:has(#x-${x}:checked):has(#log:not(:checked)) .${x}-linear { display: block; }`,
    `body:has(#x-${x}:checked):has(#log:checked) .${x}-log { display: block; }`,
  ]);
  const boxes = Array.from(
    { length: runs },
    (_, i) => `body:has(#run-${i}:not(:checked)) .loss [class$="pathgroup"] > g:nth-child(${i + 1}) { display: none; }`,
  );
  return [...axes, ...boxes, ""].join("\n");
}
