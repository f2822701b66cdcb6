import type { ConfigKey } from "../config/keys.ts";
import { getBorderCharacters, table } from "./libraries.ts";

const LONGEST_DEFAULT = 16;

/** Keys of a configuration with their defaults and meanings, `width` columns wide, for `--help`. */
export function renderKeyTable(keys: readonly ConfigKey[], width: number): string {
  const rows = keys.map(({ name, default: value, description }) => [
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
