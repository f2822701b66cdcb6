import { cut } from "../util/cut.ts";
import { formatCount, formatNumber } from "../util/format-number.ts";
import { curvesOf, type Figure, MOST_RUNS, scoreFigures, sizeFigure } from "./compare-figures.ts";
import { RUN_STYLE } from "./compare-style.ts";
import type { Comparison, RunScore, RunSummary } from "./comparison.ts";
import { type Html, html, htmlTable, type TableColumn } from "./html.ts";
import { colourKey, lossPanel, lossStyle } from "./loss-panel.ts";
import { page, section } from "./page.ts";
import { cards, type RowImages, rowCard } from "./row-cards.ts";
import type { RunRecord } from "./run-record.ts";
import { chart, estimateCell, noteList, partsTable } from "./score-tables.ts";
import { duration, gibibytes, manyTests, rate, testFigures, verdict } from "./words.ts";

const NAME = 40;

/** Runs side by side as one HTML page that needs nothing else: no script, no network. */
export async function comparePage(
  comparison: Comparison,
  records: readonly RunRecord[],
  images: RowImages,
): Promise<string> {
  const { runs, notes } = comparison;
  const title = runs.length > 4 ? `${runs.length} runs` : runs.map(({ name }) => name).join(" · ");
  const body = [
    html`<p class="note">Answers to ${cut(comparison.split, 80)}, ${formatCount(comparison.shared_rows)} rows that all evaluated runs share.</p>\n`,
    noteList(notes),
    section("Settings that differ", [settingsTable(comparison)]),
    section("Loss", [await lossPanel(records)]),
    ...(await scoreSections(comparison)),
    section("Rows on which the runs disagree", disagreementCards(comparison, images)),
    section("Cost", [htmlTable(runs, COST_COLUMNS)]),
  ];
  return page({ title, body, style: RUN_STYLE + lossStyle(curvesOf(records).length) });
}

function settingsTable({ differences, runs }: Comparison): Html {
  if (differences.length === 0) return html`<p>None: the runs were told the same.</p>\n`;
  const columns: readonly TableColumn<Comparison["differences"][number]>[] = [
    { name: "setting", cell: ({ key }) => cut(key, NAME) },
    ...runs.map(({ name }, i) => {
      return {
        name: cut(name, NAME),
        cell: ({ values }: { values: readonly (string | null)[] }) => setting(values[i]),
      };
    }),
  ];
  return htmlTable(differences, columns);
}

const setting = (value: string | null) => (value === null ? "–" : cut(value, 200));

async function scoreSections(comparison: Comparison): Promise<readonly Html[]> {
  const scored = comparison.runs.filter((run): run is RunSummary & { score: RunScore } => run.score !== null);
  if (scored.length === 0) return [];
  const [overall, byEntity, byUnit] = scoreFigures(comparison);
  const size = sizeFigure(comparison);
  const names = comparison.runs.map(({ name }) => name);
  const key = colourKey(
    scored.map(({ name }) => name),
    names,
  );
  const columns = scored.map(({ name, score }) => ({ name, score }));
  return [
    section("Scores", [
      html`<p class="note">Small: where the middle 95 % of 2,000 resamples of the rows lie.</p>\n`,
      await chart(overall),
      htmlTable(scored, SCORE_COLUMNS),
      ...(await partSection(byEntity, names, columns, (score) => score.by_entity)),
      ...(await partSection(byUnit, names, columns, (score) => score.by_unit)),
      ...(size ? [await chart(size), key] : []),
    ]),
    section("Values that training has not shown", unseenTable(scored)),
    ...(comparison.tests.length > 0 ? [section("Is the difference real?", testTexts(comparison))] : []),
  ];
}

async function partSection(
  figure: Figure,
  names: readonly string[],
  ...[runs, partsOf]: Parameters<typeof partsTable>
): Promise<readonly Html[]> {
  return [
    await chart(figure),
    colourKey(
      runs.slice(0, MOST_RUNS).map(({ name }) => name),
      names,
    ),
    partsTable(runs, partsOf),
  ];
}

type Scored = RunSummary & { readonly score: RunScore };

const runColumn: TableColumn<RunSummary> = { name: "run", cell: ({ name }) => cut(name, NAME) };

const SCORE_COLUMNS: readonly TableColumn<Scored>[] = [
  runColumn,
  ...(["f1", "precision", "recall", "accuracy"] as const).map((name) => {
    return { name, cell: ({ score }: Scored) => estimateCell(score[name]), isNumber: true };
  }),
  ...(["tp", "fp", "fn", "tn"] as const).map((name) => {
    return { name, cell: ({ score }: Scored) => formatCount(score[name]), isNumber: true };
  }),
];

function unseenTable(scored: readonly Scored[]): readonly Html[] {
  const known = scored.filter(({ score }) => score.unseen_values !== null);
  if (known.length === 0) return [html`<p class="note">The training rows of these runs cannot be read.</p>\n`];
  const cell = (part: "seen_values" | "unseen_values") => (run: Scored) => {
    const score = run.score[part]!;
    return score.rows === 0 ? "–" : html`${estimateCell(score.accuracy)}<small>${formatCount(score.rows)} rows</small>`;
  };
  const columns: readonly TableColumn<Scored>[] = [
    runColumn,
    { name: "accuracy, value among the training rows", cell: cell("seen_values"), isNumber: true },
    { name: "accuracy, value not among them", cell: cell("unseen_values"), isNumber: true },
  ];
  return [
    html`<p class="note">A value is seen when a training row of the same entity has the very same text.</p>\n`,
    htmlTable(known, columns),
  ];
}

function testTexts({ tests }: Comparison): readonly Html[] {
  const many = manyTests(tests.length);
  return [
    ...tests.map((test) => html`<p class="verdict"><b>${verdict(test)}</b>${testFigures(test)}</p>\n`),
    ...(many ? [html`<p class="note">${many}</p>\n`] : []),
  ];
}

function disagreementCards({ disagreements, tests }: Comparison, images: RowImages): readonly Html[] {
  const { rows, shown } = disagreements;
  if (tests.length === 0) return [html`<p class="note">Two evaluated runs are needed for this.</p>\n`];
  const some = shown.length < rows ? `; ${shown.length} of them, evenly over the table` : "";
  return [
    html`<p class="note">${formatCount(rows)} rows are right in one run and wrong in another${some}.</p>\n`,
    cards(shown.map(({ row, answers }) => rowCard(row, answers, images))),
  ];
}

const COST_COLUMNS: readonly TableColumn<RunSummary>[] = [
  runColumn,
  {
    name: "steps",
    cell: ({ last_step, planned_steps }) =>
      `${formatCount(last_step)}${planned_steps === null ? "" : ` of ${formatCount(planned_steps)}`}`,
    isNumber: true,
  },
  { name: "training rows", cell: ({ training_rows }) => formatNumber(training_rows), isNumber: true },
  { name: "time in steps", cell: ({ seconds }) => duration(seconds), isNumber: true },
  { name: "samples/s", cell: ({ samples_per_s }) => rate(samples_per_s), isNumber: true },
  { name: "tokens/s", cell: ({ tokens_per_s }) => rate(tokens_per_s), isNumber: true },
  { name: "peak memory", cell: ({ peak_memory_bytes }) => gibibytes(peak_memory_bytes), isNumber: true },
  { name: "last mean loss", cell: ({ last_mean_loss }) => rate(last_mean_loss), isNumber: true },
];
