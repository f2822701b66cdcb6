import type { AnswerRules, UnitReadings, UnitRule } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { type NumberRead, readNumber } from "./read-number.ts";
import { isPerUnit, readUnitAfter, readUnitBefore, type Wanted } from "./read-unit.ts";

/** A number with what belongs to it. */
export interface Term {
  readonly number: NumberRead;
  readonly negative: boolean;
  /** Undefined: none stands beside it, or one of something else. */
  readonly unit: UnitRule | undefined;
  /** Its unit is none of a value (Wh, °C, mg/ml), or it is what values are reckoned for (per 100 g). */
  readonly isOther: boolean;
  /** The entities of a side that stands between number and unit: 30 (H) cm. */
  readonly side: readonly string[] | undefined;
  readonly from: number;
  readonly next: number;
}

/** Every number of a text in order, each with its unit. */
export function readTerms(tokens: readonly Token[], wanted: Wanted, rules: AnswerRules): readonly Term[] {
  const terms: Term[] = [];
  let at = 0;
  while (at < tokens.length) {
    const term = readTerm(tokens, at, terms.at(-1)?.next ?? 0, wanted, rules);
    if (term) terms.push(term);
    at = term?.next ?? at + 1;
  }
  return terms;
}

/** @param low where the term before ends */
function readTerm(
  tokens: readonly Token[],
  at: number,
  low: number,
  wanted: Wanted,
  rules: AnswerRules,
  slashes = !rules.unfractioned.has(wanted.quantity ?? ""),
): Term | undefined {
  const number = readNumber(tokens, at, rules, slashes);
  if (number === undefined) return undefined;
  const after = readUnitAfter(tokens, number.next, wanted, rules);
  const readings = after?.readings ?? readUnitBefore(tokens, low, at, wanted, rules);
  const unit = readings && pickReading(readings, wanted);
  if (slashes && number.rule === "fraction" && unit && rules.unfractioned.has(unit.quantity)) {
    return readTerm(tokens, at, low, wanted, rules, false);
  }
  const isRate =
    unit !== undefined &&
    (isReckonedFor(tokens, at, number, unit, rules) ||
      (after !== undefined && isPerUnit(tokens, after.next, unit, rules)));
  const negative = isNegative(tokens, at, low);
  return {
    number,
    negative,
    unit: isRate ? undefined : unit,
    isOther: isRate || readings?.length === 0,
    side: after?.side,
    from: negative ? at - 1 : at,
    next: after?.next ?? number.next,
  };
}

/** "per 100 g", as the tables of what is in food have it: nothing weighs that. */
function isReckonedFor(
  tokens: readonly Token[],
  at: number,
  { digits }: NumberRead,
  { name }: UnitRule,
  rules: AnswerRules,
): boolean {
  const isAfterWord = at > 0 && tokens[at - 1].kind === "word" && rules.per.match(tokens, at - 1)?.next === at;
  return isAfterWord && rules.references.has(`${digits} ${name}`);
}

function pickReading(readings: UnitReadings, { quantity }: Wanted): UnitRule | undefined {
  return readings.find((unit) => unit.quantity === quantity) ?? readings[0];
}

/** A minus that touches its number, and neither a word or number before it nor the term before. */
function isNegative(tokens: readonly Token[], at: number, low: number): boolean {
  const [before, minus] = [tokens[at - 2], tokens[at - 1]];
  if (minus?.key !== "-" || minus.end !== tokens[at].start || at - 1 < low) return false;
  if (low > 0 && at - 1 === low) return false;
  return before === undefined || before.end < minus.start || before.kind === "mark";
}
