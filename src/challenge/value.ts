import type { AnswerRules, UnitRule } from "./answer-rules.ts";
import type { NumberRead } from "./read-number.ts";
import type { Term } from "./read-terms.ts";

/** Some tokens of a text. */
export interface Span {
  readonly from: number;
  readonly next: number;
}

/** One number in one unit, and the tokens it was read from. */
export interface Reading extends Span {
  readonly value: number;
  readonly digits: string;
  readonly rule: NumberRead["rule"] | "sum" | undefined;
  readonly unit: UnitRule;
}

/** One value, or the ends of a range. */
export interface Value extends Span {
  /** Empty: a number without a unit, or with one of something else. */
  readonly readings: readonly Reading[];
  readonly number: NumberRead;
  readonly isOther: boolean;
  readonly side: readonly string[] | undefined;
  /** What stands between the value before and this. */
  readonly link: Link;
}

/** How a number goes together with the one before it. */
export type Link = "range" | "alternative" | "tolerance" | "times" | "none";

/** A term as a value of its own. */
export function toValue(term: Term, rules: AnswerRules): Value {
  const { isOther, side, from, next, unit } = term;
  const number = sign(term);
  const readings = unit ? [readIn(unit, number, term, rules)] : NO_READINGS;
  return { readings, number, isOther, side, link: "none", from, next };
}

const NO_READINGS: readonly Reading[] = [];

const sign = ({ number, negative }: Term): NumberRead =>
  negative ? { ...number, value: -number.value, digits: `-${number.digits}` } : number;

/** A number in its unit: where that is known, "1.500" can be read, and a minus kept or not. */
export function readIn(unit: UnitRule, number: NumberRead, { from, next }: Span, rules: AnswerRules): Reading {
  const regrouped = unit.dotGroups ? number.regrouped : undefined;
  const isMinus = number.digits.startsWith("-");
  const digits =
    (isMinus && rules.signed.has(unit.quantity) ? "-" : "") + (regrouped ?? number.digits.replace("-", ""));
  const rule = regrouped ? "thousands" : number.rule;
  return { value: Number(digits), digits, rule, unit, from, next };
}

/** Whether a value in two units is one said twice: labels round what they convert (5 kg (11 lb), 500 g - 18 oz). */
export function isSaidTwice(a: Reading, b: Reading): boolean {
  if (a.unit === b.unit || a.unit.quantity !== b.unit.quantity) return false;
  const [size, other] = [a.value * a.unit.size, b.value * b.unit.size];
  return Math.abs(size - other) <= SAME_VALUE * Math.abs(other);
}

const SAME_VALUE = 0.05;

/** `number` to so many significant digits. */
export const round = (number: number, digits: number): number => Number(number.toPrecision(digits));
