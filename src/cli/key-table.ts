import { getBorderCharacters, table } from "table";
import { configKeys } from "../config/keys.ts";

const LONGEST_DEFAULT = 16;

/** Every key of a configuration with its default and meaning, `width` columns wide, for `--help`. */
export function renderKeyTable(width: number): string {
  const rows = configKeys().map(({ name, default: value, description }) => [
    name,
    value === undefined ? "(required)" : shorten(JSON.stringify(value)),
    description,
  ]);
  const taken = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)) + 2);
  return table(rows, {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns: { 2: { width: Math.max(20, width - taken[0] - taken[1] - 4), wrapWord: true } },
    drawHorizontalLine: () => false,
  }).replaceAll(/ +$/gm, "");
}

function shorten(text: string): string {
  return text.length <= LONGEST_DEFAULT ? text : `${text.slice(0, LONGEST_DEFAULT - 1)}…`;
}
