import type { CodedRows } from "./coded-rows.ts";
import { countKeys, leftOf, pairKeys, rankNumbers, rightOf } from "./ranked-keys.ts";

/** What some rows say of their images: the value of an entity. */
export interface Statement {
  readonly entity: string;
  /** As written; "" also where the table has no values. */
  readonly value: string;
  readonly rows: number;
}

/** The different statements of a table, in any order, and the place among them of what each row says. */
export interface Statements {
  readonly list: readonly Statement[];
  readonly codes: Uint32Array;
}

export function findStatements({ rowCount, entities, values }: CodedRows): Statements {
  const { texts, codes } = values ?? { texts: [""], codes: new Uint32Array(rowCount) };
  const pairs = pairKeys(entities.codes, codes, texts.length);
  const { keys, rows } = countKeys(pairs);
  const list = Array.from(keys, (key, i) => ({
    entity: entities.texts[leftOf(key, texts.length)],
    value: texts[rightOf(key, texts.length)],
    rows: rows[i],
  }));
  return { list, codes: rankNumbers(keys, pairs) };
}
