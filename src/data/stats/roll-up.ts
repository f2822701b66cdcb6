import { from, op, table } from "arquero";

type Columns = Parameters<ReturnType<ReturnType<typeof from>["groupby"]>["rollup"]>[0];

/**
 * One object for each different combination of the columns `keys`, with these and what the aggregates of arquero make of
 * its rows, which come to them in their order.
 */
export function rollUp<Row extends object, Key extends keyof Row & string, Sums extends object>(
  rows: readonly Row[],
  keys: readonly Key[],
  aggregates: Columns,
): readonly (Pick<Row, Key> & Sums)[] {
  if (rows.length === 0) return [];
  // arquero joins the texts of a combination with quotes and bars, which hostile cells may hold themselves
  const combination = rows.map((row) => JSON.stringify(keys.map((key) => row[key])));
  const columns = Object.fromEntries(keys.map((key) => [key, op.any(key)]));
  const lines = from(rows as Row[])
    .assign(table({ combination }))
    .groupby("combination")
    .rollup({ ...columns, ...aggregates });
  return lines.select(...keys, ...Object.keys(aggregates ?? {})).objects() as (Pick<Row, Key> & Sums)[];
}

/** Most rows first; lines with as many in ascending order of `keys`, so that the order of a file does not matter. */
export function mostFirst<Row extends { readonly rows: number }>(
  lines: readonly Row[],
  ...keys: readonly (keyof Row)[]
): readonly Row[] {
  const compare = (a: Row, b: Row) => {
    const key = keys.find((name) => a[name] !== b[name]);
    return key === undefined ? 0 : a[key] < b[key] ? -1 : 1;
  };
  return lines.toSorted((a, b) => b.rows - a.rows || compare(a, b));
}
