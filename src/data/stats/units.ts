import { op } from "arquero";
import { isEntity, UNITS } from "../../challenge/entities.ts";
import type { Label } from "../../challenge/label.ts";
import { type HistogramBin, histogram, quantile } from "./numbers.ts";
import { mostFirst, rollUp } from "./roll-up.ts";
import type { Statement } from "./statements.ts";

/** A statement with its value taken apart. */
export interface LabelledStatement extends Statement {
  readonly label: Label;
}

/** The labels "x unit" of one unit of an entity; labels of other forms are not among them. */
export interface UnitStats {
  readonly entity: string;
  readonly unit: string;
  /** Whether the entity may have it; null where the entity is none of the challenge's. */
  readonly allowed: boolean | null;
  readonly rows: number;
  /** Of the entity's rows with a label of the form "x unit". */
  readonly share: number;
  /** Of the numbers, 1 % and 99 % among them; null where all are beyond a float64. */
  readonly min: number | null;
  readonly p1: number | null;
  readonly median: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly histogram: readonly HistogramBin[];
}

export function unitStats(statements: readonly LabelledStatement[]): readonly UnitStats[] {
  const official = statements
    .filter(({ label }) => label.form === "official")
    .map(({ entity, rows, label }) => ({ entity, unit: label.unit, rows, number: Number(label.numbers[0]) }));
  const entities = rollUp<Counted, "entity", { rows: number }>(official, ["entity"], { rows: op.sum("rows") });
  const rowsOf = new Map(entities.map(({ entity, rows }) => [entity, rows]));
  const units = rollUp<Counted, "entity" | "unit", Numbers & { rows: number }>(official, ["entity", "unit"], {
    rows: op.sum("rows"),
    numbers: op.array_agg("number"),
    counts: op.array_agg("rows"),
  });
  const stats = units.map(({ entity, unit, rows, numbers, counts }) => {
    const share = rows / rowsOf.get(entity)!;
    return { entity, unit, allowed: isAllowed(entity, unit), rows, share, ...numberStats({ numbers, counts }) };
  });
  return mostFirst(stats, "entity", "unit");
}

export function isAllowed(entity: string, unit: string): boolean | null {
  return isEntity(entity) ? (UNITS[entity] as readonly string[]).includes(unit) : null;
}

interface Counted {
  readonly entity: string;
  readonly unit: string;
  readonly rows: number;
  readonly number: number;
}

/** Each number with the rows that have it. */
interface Numbers {
  readonly numbers: readonly number[];
  readonly counts: readonly number[];
}

function numberStats({ numbers, counts }: Numbers) {
  const pairs = numbers
    .map((number, i) => ({ number, count: counts[i] }))
    .filter(({ number }) => Number.isFinite(number));
  pairs.sort((a, b) => a.number - b.number);
  const [p1, median, p99] = [0.01, 0.5, 0.99].map((share) => quantile(pairs, share));
  const [min, max] = [pairs[0]?.number ?? null, pairs.at(-1)?.number ?? null];
  return { min, p1, median, p99, max, histogram: histogram(pairs) };
}
