import { answerDistance } from "../challenge/answer-distance.ts";
import { outcomeOf } from "../challenge/score.ts";
import { cut } from "../util/cut.ts";
import { formatCount, formatNumber } from "../util/format-number.ts";
import { intervalsSpec } from "./compare-charts.ts";
import { RUN_STYLE } from "./compare-style.ts";
import { isRight, type RunScore, scoreRun, spread } from "./comparison.ts";
import { type Html, html, htmlTable } from "./html.ts";
import { lossPanel, lossStyle } from "./loss-panel.ts";
import { page, section } from "./page.ts";
import { cards, type RowImages, rowCard } from "./row-cards.ts";
import type { AnsweredRow, RunRecord } from "./run-record.ts";
import { chart, noteList, partsTable } from "./score-tables.ts";
import { flattenSettings } from "./settings.ts";
import { confuseUnits, confusionTable } from "./unit-confusion.ts";
import { duration, gibibytes, rate, withInterval } from "./words.ts";

const MOST_RIGHT = 8;
const MOST_WRONG = 16;

/** Rows of a page: some that are right, evenly over the table, and the worst. */
export interface ShownRows {
  readonly right: readonly AnsweredRow[];
  readonly wrong: readonly AnsweredRow[];
}

export function chooseRows(rows: readonly AnsweredRow[]): ShownRows {
  const isRowRight = ({ prediction, truth }: AnsweredRow) => isRight(outcomeOf(prediction, truth));
  const right = rows.filter(isRowRight);
  const wrong = rows
    .filter((row) => !isRowRight(row))
    .map((row) => ({ row, distance: answerDistance(row.prediction, row.truth) }))
    .sort((a, b) => (a.distance === b.distance ? 0 : b.distance - a.distance))
    .map(({ row }) => row);
  return { right: spread(right, MOST_RIGHT), wrong: wrong.slice(0, MOST_WRONG) };
}

export interface RunPage {
  readonly record: RunRecord;
  readonly split: string;
  readonly notes: readonly string[];
  readonly shown: ShownRows;
  readonly images: RowImages;
  /** As `environment.json` has it; undefined where it cannot be read. */
  readonly environment: unknown;
}

/** One run as one HTML page that needs nothing else: no script, no network. */
export async function runPage({ record, split, notes, shown, images, environment }: RunPage): Promise<string> {
  const score = record.rows && scoreRun(record.rows, record.trainingValues);
  const body = [
    tiles(record, score),
    noteList(notes),
    section("Loss", [await lossPanel([record])]),
    ...(score && record.rows ? await scoreSections(record.name, split, score, record.rows) : []),
    ...(shown.wrong.length > 0 ? [section("Worst rows", [...WORST_NOTE, rowCards(shown.wrong, images)])] : []),
    ...(shown.right.length > 0 ? [section("Right rows", [rowCards(shown.right, images)])] : []),
    section("Configuration", [settingsTable(record.settings)]),
    section("Environment", [settingsTable(flattenSettings(environment))]),
  ];
  return page({ title: record.name, body, style: RUN_STYLE + lossStyle(1) });
}

function tiles({ totals, plannedSteps, trainingRows }: RunRecord, score: RunScore | null): Html {
  const planned = plannedSteps === null ? "" : ` of ${formatCount(plannedSteps)}`;
  const figures: readonly (readonly [string, string])[] = [
    ...(score ? [["F1", score.f1.value.toFixed(3)] as const, ["rows answered", formatCount(score.rows)] as const] : []),
    ["steps", `${formatCount(totals.last_step)}${planned}`],
    ["training rows", formatNumber(trainingRows)],
    ["last mean loss", rate(totals.last_mean_loss)],
    ["time in steps", duration(totals.seconds)],
    ["samples/s", rate(totals.samples_per_s)],
    ["tokens/s", rate(totals.tokens_per_s)],
    ["peak memory", gibibytes(totals.peak_memory_bytes)],
  ];
  return html`<dl class="figures">
${figures.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${figure}</dd></div>\n`)}</dl>\n`;
}

async function scoreSections(run: string, split: string, score: RunScore, rows: readonly AnsweredRow[]) {
  const estimates = Object.entries(score.by_entity).map(([part, { f1 }]) => {
    return { run, part: part.replaceAll("_", " "), ...f1 };
  });
  const ratios = (["f1", "precision", "recall", "accuracy"] as const).map((name) => [name, withInterval(score[name])]);
  const unseen = score.unseen_values;
  const table = htmlTable(
    [...ratios, ...(unseen?.rows ? [["accuracy on values not trained on", withInterval(unseen.accuracy)]] : [])],
    [
      { name: `answers to ${cut(split, 60)}`, cell: ([name]) => name },
      { name: "", cell: ([, text]) => text, isNumber: true },
    ],
  );
  const columns = [{ name: "F1", score }];
  const figure = {
    caption: "F1 by entity",
    file: "f1-by-entity",
    draw: (place: Parameters<typeof intervalsSpec>[3]) => intervalsSpec(estimates, [run], "F1", place),
  };
  return [
    section("Scores", [
      html`<p class="note">In brackets, or small: where the middle 95 % of 2,000 resamples of the rows lie.</p>\n`,
      table,
      await chart(figure),
      partsTable(columns, ({ by_entity }) => by_entity),
      html`<h3>By unit of the truth</h3>\n`,
      partsTable(columns, ({ by_unit }) => by_unit),
    ]),
    section("Units taken for others", [
      html`<p class="note">Rows by the unit of the truth and the unit answered; “blank” is no answer, “other” a text without a unit of the challenge.</p>\n`,
      confusionTable(confuseUnits(rows)),
    ]),
  ];
}

const WORST_NOTE = [
  html`<p class="note">Farthest from the truth first: other quantities and texts that are none, then by powers of ten.</p>\n`,
];

function rowCards(rows: readonly AnsweredRow[], images: RowImages): Html {
  return cards(
    rows.map((row) => {
      const is_right = isRight(outcomeOf(row.prediction, row.truth));
      return rowCard(row, [{ run: "", answer: row.prediction, is_right }], images);
    }),
  );
}

function settingsTable(settings: Readonly<Record<string, string>>): Html {
  const columns = [
    { name: "key", cell: ([key]: readonly [string, string]) => cut(key, 100) },
    { name: "value", cell: ([, value]: readonly [string, string]) => cut(value, 200) },
  ];
  return htmlTable(Object.entries(settings), columns, 200);
}
