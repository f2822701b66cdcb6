import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

/** The text of a document, by its path from the project's root. */
export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Cells of the Markdown table whose first column is headed `heading`, without header and rule. */
export function readTable(text: string, heading: string): string[][] {
  const lines = text.split("\n");
  const header = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (header < 0) throw new Error(`no table begins with the column "${heading}"`);
  const end = lines.findIndex((line, i) => i > header && !line.startsWith("|"));
  return lines.slice(header + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}
