import { cut } from "../util/cut.ts";
import { type Html, html } from "./html.ts";
import type { AnsweredRow } from "./run-record.ts";

/** A picture as a link that holds it, or why there is none, by its path. */
export type RowImages = ReadonlyMap<string, string | { readonly missing: string }>;

export interface CardAnswer {
  /** "" where one run alone answers. */
  readonly run: string;
  readonly answer: string;
  readonly is_right: boolean;
}

const MOST_ANSWERS = 8;
const TEXT = 80;

/** A row with its picture, its question, the truth and what was answered. */
export function rowCard(row: AnsweredRow, answers: readonly CardAnswer[], images: RowImages): Html {
  const lines = answers.slice(0, MOST_ANSWERS).map(({ run, answer, is_right }) => {
    const name = run === "" ? "" : html`<span class="run">${cut(run, 40)}</span> `;
    const mark = is_right ? "right" : "wrong";
    return html`<li class="${mark}">${name}<b>${answerText(answer)}</b> <i>${mark}</i></li>\n`;
  });
  const rest = answers.slice(MOST_ANSWERS);
  const right = rest.filter(({ is_right }) => is_right).length;
  const more =
    rest.length > 0
      ? html`<li>and ${rest.length} runs more: ${right} right, ${rest.length - right} wrong</li>`
      : html``;
  return html`<article class="card">${picture(row, images)}
<p class="question">${cut(row.question, TEXT)}</p>
<p>truth: <b>${answerText(row.truth)}</b></p>
<ul>${lines}${more}</ul></article>\n`;
}

export const cards = (all: readonly Html[]) => html`<div class="cards">\n${all}</div>\n`;

const answerText = (text: string) => (text.trim() === "" ? "no answer" : cut(text, TEXT));

function picture({ image, index }: AnsweredRow, images: RowImages): Html {
  const found = image === null ? undefined : images.get(image);
  if (typeof found === "string") return html`<img src="${found}" alt="photograph of row ${index}">`;
  const reason = found?.missing ?? "the table of this row cannot be read";
  return html`<div class="missing">no picture: ${cut(reason, 120)}</div>`;
}
