import type { AnswerRules, SumRule, UnitRule } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { floatDigits } from "./number-text.ts";
import type { NumberRead } from "./read-number.ts";
import type { Term, Wanted } from "./read-terms.ts";

/** One number in one unit, and the tokens it was read from. */
export interface Reading {
  readonly value: number;
  readonly digits: string;
  readonly rule: NumberRead["rule"] | "sum" | undefined;
  readonly unit: UnitRule;
  readonly from: number;
  readonly next: number;
}

/** One value, or the ends of a range. */
export interface Value {
  /** Empty: a number without a unit, or with one of something else. */
  readonly readings: readonly Reading[];
  readonly number: NumberRead;
  readonly isOther: boolean;
  readonly side: readonly string[] | undefined;
  /** What stands between the value before and this. */
  readonly link: Link;
  readonly from: number;
  readonly next: number;
}

/** Values that are multiplied: the sides of a thing, or packs and what is in one. Most have one. */
export type Product = readonly Value[];

type Link = "range" | "alternative" | "tolerance" | "times" | "none";

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

interface Span {
  readonly from: number;
  readonly next: number;
}

/** What stands between two numbers, words that say nothing left out. */
function readLink(tokens: readonly Token[], from: number, to: number, wanted: Wanted, rules: AnswerRules): Link {
  let link: Link = "none";
  let [found, isNamed] = [0, false];
  let at = from;
  while (at < to) {
    const times = rules.times.match(tokens, at);
    const tolerance = times ? undefined : rules.tolerances.match(tokens, at);
    const range = times ?? tolerance ?? rules.ranges.match(tokens, at);
    const side = wanted.hasSides && !range ? rules.dimensions.match(tokens, at) : undefined;
    const idle = side ?? rules.noise.match(tokens, at);
    if (side) isNamed = true;
    if (range) {
      const isSaidTwice = rules.alternatives.match(tokens, at) !== undefined;
      link = times ? "times" : tolerance ? "tolerance" : isSaidTwice ? "alternative" : "range";
      found++;
    } else if (tokens[at].key === "," && isInList(tokens, at)) {
      link = "range";
      found++;
    } else if (!idle && !isIdleMark(tokens, at, wanted, rules)) return "none";
    at = range?.next ?? idle?.next ?? at + 1;
  }
  return found === 1 && (link === "times" || !isNamed) ? link : "none"; // 60 cm wide and 80 cm high
}

/** Closing brackets, commas beside a word, and brackets around the name of a side. */
function isIdleMark(tokens: readonly Token[], at: number, wanted: Wanted, rules: AnswerRules): boolean {
  const { key } = tokens[at];
  if (key === ")" || key === "]" || key === "*" || key === ",") return true;
  return key === "(" && wanted.hasSides && rules.dimensions.match(tokens, at + 1) !== undefined;
}

function isInList(tokens: readonly Token[], at: number): boolean {
  for (let i = at; i >= 0; i--) {
    if (tokens[i].key === "]") return false;
    if (tokens[i].key === "[") return true;
  }
  return false;
}

/** 5 ft 11 in, 2 lb 3 oz, 1 kg 200 g. */
function addParts(tokens: readonly Token[], terms: readonly Term[], rules: AnswerRules): Value[] {
  const values: Value[] = [];
  for (const term of terms) {
    const last = values.at(-1);
    const sum = last && addTo(tokens, last, term, rules);
    if (sum) values[values.length - 1] = sum;
    else values.push(toValue(term, rules));
  }
  return values;
}

function toValue(term: Term, rules: AnswerRules): Value {
  const { isOther, side, from, next, unit } = term;
  const number = sign(term);
  const readings = unit ? [readIn(unit, number, term, rules)] : NO_READINGS;
  return { readings, number, isOther, side, link: "none", from, next };
}

const NO_READINGS: readonly Reading[] = [];

const sign = ({ number, negative }: Term): NumberRead =>
  negative ? { ...number, value: -number.value, digits: `-${number.digits}` } : number;

/** A number in its unit: where that is known, "1.500" can be read, and a minus kept or not. */
function readIn(unit: UnitRule, number: NumberRead, { from, next }: Span, rules: AnswerRules): Reading {
  const regrouped = unit.dotGroups ? number.regrouped : undefined;
  const isMinus = number.digits.startsWith("-");
  const digits =
    (isMinus && rules.signed.has(unit.quantity) ? "-" : "") + (regrouped ?? number.digits.replace("-", ""));
  const rule = regrouped ? "thousands" : number.rule;
  return { value: Number(digits), digits, rule, unit, from, next };
}

function addTo(tokens: readonly Token[], last: Value, term: Term, rules: AnswerRules): Value | undefined {
  const [first] = last.readings;
  if (last.readings.length !== 1 || term.isOther || first.value < 0 || term.negative) return undefined;
  const joint = tokens
    .slice(last.next, term.from)
    .map(({ key }) => key)
    .join(" ");
  const unit = rules.sums.map((sum) => partOf(sum, first.unit, joint, tokens, term, rules)).find((part) => part);
  if (unit === undefined || term.number.value * unit.size >= first.unit.size) return undefined;
  const sum = round(rules.convert(first.value, first.unit.name, unit.name) + term.number.value, 12);
  if (!Number.isFinite(sum)) return undefined;
  const reading = {
    value: sum,
    digits: floatDigits(sum),
    rule: "sum" as const,
    unit,
    from: last.from,
    next: term.next,
  };
  return { ...last, readings: [reading], next: term.next };
}

/** The unit that a term adds in, if the rule has it behind `unit`. */
function partOf(
  { units, joinedBy, bare }: SumRule,
  unit: UnitRule,
  joint: string,
  tokens: readonly Token[],
  term: Term,
  rules: AnswerRules,
): UnitRule | undefined {
  const at = units.indexOf(unit.name);
  if (at < 0 || !joinedBy.has(joint)) return undefined;
  if (term.unit) return units.indexOf(term.unit.name) > at ? term.unit : undefined;
  const isLast = tokens[term.next]?.kind !== "word" || rules.times.match(tokens, term.next) !== undefined;
  const mayBeBare = bare && isLast && (joint === "" || joint === "-") && at + 1 < units.length;
  return mayBeBare ? rules.unit(units[at + 1]) : undefined;
}

/** `number` to so many significant digits. */
export const round = (number: number, digits: number): number => Number(number.toPrecision(digits));

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
  const ratio = (a.value * a.unit.size) / (b.value * b.unit.size);
  return Math.abs(ratio - 1) > SAME_VALUE;
}

const SAME_VALUE = 0.05; // labels round what they convert: 5 kg (11 lb), 500 g - 18 oz

function joinProducts(values: readonly Value[]): readonly Product[] {
  const products: Value[][] = [];
  for (const value of values) {
    if (value.link === "times") products.at(-1)!.push(value);
    else products.push([value]);
  }
  return products;
}
