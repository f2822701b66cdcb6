import { labelMeaning } from "../../challenge/label-size.ts";
import type { CodedRows } from "./coded-rows.ts";
import { countKeys, leftOf, pairKeys, rankNumbers, rightOf } from "./ranked-keys.ts";
import type { Statement, Statements } from "./statements.ts";

/** Rows that have to do with other rows of their image. */
export interface RepeatStats {
  /** Rows that say of their image what another row says, one of each not counted. */
  readonly repeated_rows: number;
  /** Questions (an image and an entity) with values that do not agree; a row without a value contradicts none. */
  readonly contradictions: number;
  /** Image links of which more than one entity is asked. */
  readonly links_with_several_entities: number;
}

export interface LinkStats extends RepeatStats {
  /** Different image links. */
  readonly links: number;
  /** By entity. */
  readonly linksOf: ReadonlyMap<string, number>;
}

/** Looks at what is said of each image. */
export function countLinks({ links, rowCount }: CodedRows, { list, codes }: Statements): LinkStats {
  const distinct = countKeys(links).keys;
  const { keys } = countKeys(pairKeys(rankNumbers(distinct, links), codes, list.length));
  const linksOf = new Map<string, number>();
  let [contradictions, several] = [0, 0];
  for (const [first, end] of linkRuns(keys, list.length)) {
    const said = statementsAt(keys, first, end, list);
    const entities = said.length === 1 ? [said[0].entity] : [...new Set(said.map(({ entity }) => entity))];
    for (const entity of entities) linksOf.set(entity, (linksOf.get(entity) ?? 0) + 1);
    if (entities.length > 1) several++;
    if (said.length > entities.length) contradictions += countContradictions(said, entities);
  }
  const repeats = { repeated_rows: rowCount - keys.length, contradictions, links_with_several_entities: several };
  return { links: distinct.length, linksOf, ...repeats };
}

/** Keys of pairs (link, statement) in ascending order have those of one link side by side. */
function* linkRuns(keys: Float64Array, width: number): Generator<readonly [first: number, end: number]> {
  let [first, link] = [0, leftOf(keys[0], width)];
  for (let i = 1; i < keys.length; i++) {
    const next = leftOf(keys[i], width);
    if (next === link) continue;
    yield [first, i];
    [first, link] = [i, next];
  }
  yield [first, keys.length];
}

function statementsAt(keys: Float64Array, first: number, end: number, list: readonly Statement[]) {
  const said: Statement[] = [];
  for (let i = first; i < end; i++) said.push(list[rightOf(keys[i], list.length)]);
  return said;
}

function countContradictions(said: readonly Statement[], entities: readonly string[]): number {
  const answers = said.filter(({ value }) => value !== "");
  const meanings = (entity: string) =>
    answers.filter((a) => a.entity === entity).map(({ value }) => labelMeaning(value));
  return entities.filter((entity) => new Set(meanings(entity)).size > 1).length;
}
