import { formatCount } from "../util/format-number.ts";

/** A piece of HTML; whatever is not is escaped by {@link html}. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML from a template: what is put in is text, and no part of it becomes a tag, unless it is {@link Html} itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, i) => text + asHtml(parts[i - 1]) + string));
}

function asHtml(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("");
  return String(part).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

/** A column of a table: its name, what stands in it, and whether that is a number. */
export interface TableColumn<Row> {
  readonly name: string;
  readonly cell: (row: Row) => Part;
  readonly isNumber?: boolean;
}

/** The first `limit` rows, and a line with how many more there are. */
export function htmlTable<Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[], limit = 100): Html {
  const kind = ({ isNumber }: TableColumn<Row>) => new Html(isNumber ? ' class="number"' : "");
  const head = columns.map((column) => html`<th scope="col"${kind(column)}>${column.name}</th>`);
  const body = rows.slice(0, limit).map((row) => {
    const cells = columns.map((column) => html`<td${kind(column)}>${column.cell(row)}</td>`);
    return html`<tr>${cells}</tr>\n`;
  });
  const rest = rows.length - limit;
  const note = rest > 0 ? html`<p class="note">and ${formatCount(rest)} more</p>` : html``;
  return html`<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}</tbody>\n</table></div>${note}`;
}
