import type { AnswerRules, UnitReadings, UnitRule } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { type NumberRead, readNumber } from "./read-number.ts";

/** A number with what belongs to it. */
export interface Term {
  readonly number: NumberRead;
  readonly negative: boolean;
  /** Undefined: none stands beside it, or one of something else. */
  readonly unit: UnitRule | undefined;
  /** Its unit is none of a value: Wh, °C, mg/ml. */
  readonly isOther: boolean;
  /** The entities of a side that stands between number and unit: 30 (H) cm. */
  readonly side: readonly string[] | undefined;
  readonly from: number;
  readonly next: number;
}

/** What is asked for: the quantity decides what "oz" is, and whether "W" is a width. */
export interface Wanted {
  /** Undefined: anything. */
  readonly quantity: string | undefined;
  /** Sides of a thing are told apart. */
  readonly hasSides: boolean;
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
  const readings = after?.readings ?? readUnitBefore(tokens, low, at, rules);
  const unit = readings && pickReading(readings, wanted);
  if (slashes && number.rule === "fraction" && unit && rules.unfractioned.has(unit.quantity)) {
    return readTerm(tokens, at, low, wanted, rules, false);
  }
  const isRate = unit !== undefined && after !== undefined && isPerUnit(tokens, after.next, unit, rules);
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

interface UnitAfter {
  readonly readings: UnitReadings;
  readonly side: readonly string[] | undefined;
  readonly next: number;
}

const BRACKETS = new Set(["(", "[", "{", ")", "]", "}", "\\", "*", "_", "$"]);
const STOPS = new Set([",", ":", "="]);

/** The unit behind a number, past brackets, a hyphen, the name of a side, or words such as "unit:". */
function readUnitAfter(
  tokens: readonly Token[],
  from: number,
  wanted: Wanted,
  rules: AnswerRules,
): UnitAfter | undefined {
  let [at, side, stopped, introduced] = [from, undefined as readonly string[] | undefined, false, false];
  while (at < tokens.length) {
    const unit = matchUnit(tokens, at, rules);
    const suits = unit?.value.some(({ quantity }) => quantity === wanted.quantity) ?? false;
    const named = wanted.hasSides && !suits && side === undefined ? rules.dimensions.match(tokens, at) : undefined;
    const word = suits ? undefined : rules.between.match(tokens, at);
    const later = word && unit?.next === word.next ? readUnitAfter(tokens, word.next, wanted, rules) : undefined; // 34 in grams
    if (later && suitsAny(later.readings, wanted)) return later;
    if (named) {
      side = named.value;
      at = named.next;
    } else if (unit) return stopped && !introduced ? undefined : { readings: unit.value, side, next: unit.next };
    else if (word) {
      introduced = true;
      at = word.next;
    } else if (BRACKETS.has(tokens[at].key) || touchesBoth(tokens, at)) at++;
    else if (STOPS.has(tokens[at].key)) {
      stopped = true;
      at++;
    } else return undefined;
  }
  return undefined;
}

/** Of "100V-AC 240V" the hyphen is no part of a unit "V-AC", but of a range. */
function matchUnit(tokens: readonly Token[], at: number, rules: AnswerRules) {
  const unit = rules.units.match(tokens, at);
  if (unit === undefined || unit.next - at < 3 || tokens[unit.next]?.kind !== "number") return unit;
  const hyphen = tokens.findIndex(({ key }, i) => i > at && i < unit.next && key === "-");
  const goesOn = hyphen > 0 && rules.noise.match(tokens, hyphen + 1)?.next === unit.next;
  return goesOn ? rules.units.match(tokens.slice(0, hyphen), at) : unit;
}

const suitsAny = (readings: UnitReadings, { quantity }: Wanted) => readings.some((unit) => unit.quantity === quantity);

/** The hyphen of 24-oz. */
function touchesBoth(tokens: readonly Token[], at: number): boolean {
  return tokens[at].key === "-" && tokens[at - 1].end === tokens[at].start && tokens[at + 1]?.start === tokens[at].end;
}

/** The unit before a number: kg 5, Voltage (V): 220, weight in kg: 5. */
function readUnitBefore(
  tokens: readonly Token[],
  low: number,
  at: number,
  rules: AnswerRules,
): UnitReadings | undefined {
  let end = at;
  while (end > low && STOPS.has(tokens[end - 1].key)) end--;
  const bracketed = end > low && (tokens[end - 1].key === ")" || tokens[end - 1].key === "]");
  if (bracketed) end--;
  for (let from = end - 1; from >= Math.max(low, end - 3); from--) {
    const unit = rules.units.match(tokens, from);
    if (unit?.next !== end) continue;
    const opened = bracketed && from > low && (tokens[from - 1].key === "(" || tokens[from - 1].key === "[");
    const introduced = from > low && rules.between.match(tokens, from - 1)?.next === from;
    const mayLead = !bracketed && rules.beforeNumber.match(tokens, from)?.next === end;
    if (opened || introduced || mayLead) return unit.value;
  }
  return undefined;
}

/** "mg/ml": the second unit has no number of its own, and is not the first in another system (kg/lbs). */
function isPerUnit(tokens: readonly Token[], at: number, unit: UnitRule, rules: AnswerRules): boolean {
  const per = rules.per.match(tokens, at);
  const under = per && rules.units.match(tokens, per.next);
  return under !== undefined && !under.value.some(({ quantity }) => quantity === unit.quantity);
}
