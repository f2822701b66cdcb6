import { styleText } from "node:util";
import { harmless } from "../util/cut.ts";
import { getBorderCharacters, table } from "./libraries.ts";

type Style = Parameters<typeof styleText>[0];
/** One row of a printed table: column name to value. */
export type TableRow = Readonly<Record<string, string | number | null>>;

/** The one JSON document of a command, on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printText(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** For a person at the terminal: standard error, so that it never mixes with a command's result. */
export function printLog(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Rows under a bold header: the names of the first row's columns. */
export function printTable(rows: readonly TableRow[]): void {
  if (rows.length > 0) printText(renderTable(rows));
}

/** Numbers at the right, with four decimals in a column of fractions; text at the left; null as a dash. */
export function renderTable(rows: readonly TableRow[]): string {
  const names = Object.keys(rows[0]);
  const header = names.map((name) => paint(process.stdout, "bold", name.replaceAll("_", " ")));
  const columns = names.map((name) => formatColumn(rows.map((row) => row[name])));
  return table([header, ...rows.map((_, i) => columns.map((column) => column[i]))], {
    border: getBorderCharacters("void"),
    columns: names.map((name) => ({
      alignment: rows.some((row) => typeof row[name] === "number") ? "right" : "left",
      paddingLeft: 0,
      paddingRight: 2,
    })),
    drawHorizontalLine: () => false,
  }).replaceAll(/ +$/gm, "");
}

/** `text` in colour when `stream` is a terminal and the user has not set NO_COLOR (no-color.org). */
export function paint(stream: { readonly isTTY?: boolean }, style: Style, text: string): string {
  const colourful = stream.isTTY === true && !process.env.NO_COLOR;
  return colourful ? styleText(style, text, { validateStream: false }) : text;
}

function formatColumn(values: readonly (string | number | null)[]): string[] {
  const fractions = values.some((value) => typeof value === "number" && !Number.isInteger(value));
  return values.map((value) => {
    if (value === null) return "–";
    return typeof value === "number" && fractions ? value.toFixed(4) : harmless(String(value)).replaceAll("\n", " ");
  });
}
