import { addParts } from "./add-parts.ts";
import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { readLink } from "./read-link.ts";
import type { Term } from "./read-terms.ts";
import type { Wanted } from "./read-unit.ts";
import { isSaidTwice, type Link, readIn, toValue, type Value } from "./value.ts";

/** Values that are multiplied: the sides of a thing, or packs and what is in one. Most have one. */
export type Product = readonly Value[];

/** The values of a text: parts of one value added, ends of ranges and factors of products brought together. */
export function readValues(
  tokens: readonly Token[],
  terms: readonly Term[],
  wanted: Wanted,
  rules: AnswerRules,
): readonly Product[] {
  if (terms.length === 1) return [[toValue(terms[0], rules)]];
  const added = addParts(tokens, terms, rules);
  const linked = added.map((value, i): Value => {
    const link = i === 0 ? "none" : readLink(tokens, added[i - 1].next, value.from, wanted, rules);
    return link === "none" ? value : { ...value, link };
  });
  return joinProducts(joinRanges(tokens, shareUnits(tokens, linked, rules), rules));
}

/** 100-240 V, 10 x 20 x 30 cm: the unit stands once. Packs are not in the unit of what is in them. */
function shareUnits(tokens: readonly Token[], values: readonly Value[], rules: AnswerRules): readonly Value[] {
  const sides = rules.quantityOf("width");
  const shared = [...values];
  const share = (to: number, from: number, link: Link) => {
    const [target, source] = [shared[to], shared[from]];
    if (link === "none" || target.readings.length > 0 || target.isOther) return;
    const unit = source.readings.at(-1)?.unit;
    if (link === "times" && unit?.quantity !== sides) return;
    if (unit) shared[to] = { ...target, readings: [readIn(unit, target.number, target, rules)] };
    else if (source.isOther && link !== "tolerance") shared[to] = { ...target, isOther: true };
  };
  for (let i = shared.length - 2; i >= 0; i--) share(i, i + 1, shared[i + 1].link);
  for (let i = 1; i < shared.length; i++) {
    const { link, next } = shared[i];
    const isLast = tokens[next]?.kind !== "word";
    if (!shared[i - 1].isOther && (isLast || link === "times")) share(i, i - 1, link);
  }
  return shared;
}

function joinRanges(tokens: readonly Token[], values: readonly Value[], rules: AnswerRules): readonly Value[] {
  const joined: Value[] = [];
  for (const value of values) {
    const last = joined.at(-1);
    if (last && (value.link === "tolerance" || isReference(tokens, last, value, rules)))
      joined[joined.length - 1] = { ...last, next: value.next };
    else if (last && isRange(last, value)) {
      const side = last.side ?? value.side;
      joined[joined.length - 1] = { ...last, side, readings: [...last.readings, ...value.readings], next: value.next };
    } else joined.push(value);
  }
  return joined;
}

/** 25 g/100 g */
function isReference(tokens: readonly Token[], last: Value, value: Value, rules: AnswerRules): boolean {
  const [reading] = value.readings;
  if (value.link === "none" || last.readings.length !== 1 || reading === undefined) return false;
  const isPer = rules.per.match(tokens, last.next)?.next === value.from;
  return isPer && rules.references.has(`${reading.digits} ${reading.unit.name}`);
}

function isRange(last: Value, value: Value): boolean {
  const { link } = value;
  const [a, b] = [last.readings.at(-1), value.readings[0]];
  if ((link !== "range" && link !== "alternative") || a === undefined || b === undefined) return false;
  if (a.unit === b.unit) return true;
  if (a.unit.quantity !== b.unit.quantity || link === "alternative" || last.readings.length > 1) return false;
  return !isSaidTwice(a, b);
}

function joinProducts(values: readonly Value[]): readonly Product[] {
  const products: Value[][] = [];
  for (const value of values) {
    if (value.link === "times") products.at(-1)!.push(value);
    else products.push([value]);
  }
  return products;
}
