import type { LabelStats, TableStats } from "../data/stats.ts";
import { cut } from "../util/cut.ts";
import { formatNumber } from "../util/format-number.ts";
import { printTable, printText, type TableRow } from "./output.ts";

const LINES = 40;
const CELL = 40;

/** Prints what is in a table, as tables. */
export function printStats({ rows, links, groups, entities, repeats, labels }: TableStats): void {
  printTable([{ rows, links, groups: groups?.count ?? null, entities: entities.length, ...repeats }]);
  printPart("Entities", entities, ({ entity, share, known, top_values, ...counts }) => {
    const [commonest] = top_values.map(({ value }) => cut(value, CELL));
    return { entity: cut(entity, CELL), ...counts, share, commonest: commonest ?? null };
  });
  if (groups) {
    printPart("Groups", [groups], ({ count, min, median, max, largest }) => {
      return { count, min_rows: min, median, max, largest: cut(largest[0].group, CELL) };
    });
  }
  if (labels) printLabels(labels);
}

function printLabels({ units, odd, foreign_units }: LabelStats): void {
  printPart('Numbers of labels "x unit"', units, ({ entity, unit, rows, share, allowed, histogram, ...numbers }) => ({
    ...{ entity: cut(entity, CELL), unit: cut(unit, CELL), rows, share },
    ...Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, formatNumber(number)])),
    note: allowed === false ? "not allowed" : "",
  }));
  printPart(`Labels of another form: ${odd.rows}`, odd.by_entity, ({ entity, ...counts }) => {
    return { entity: cut(entity, CELL), ...counts };
  });
  printPart("Their shapes", odd.shapes, ({ shape, form, rows, examples }) => {
    return { shape: cut(shape, CELL), form, rows, example: cut(examples[0], CELL) };
  });
  const foreign = `Labels with a unit that the entity does not allow: ${foreign_units.rows}`;
  printPart(foreign, foreign_units.units, ({ entity, unit, rows, examples }) => {
    return { entity: cut(entity, CELL), unit: cut(unit, CELL), rows, example: cut(examples[0], CELL) };
  });
}

function printPart<Line>(title: string, lines: readonly Line[], toRow: (line: Line) => TableRow): void {
  if (lines.length === 0) return;
  printText(`\n${title}`);
  printTable(lines.slice(0, LINES).map(toRow));
  if (lines.length > LINES) printText(`and ${lines.length - LINES} more: see --json`);
}
