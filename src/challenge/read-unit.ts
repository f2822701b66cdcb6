import type { AnswerRules, UnitReadings, UnitRule } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";

/** What is asked for: the quantity decides what "oz" is, and whether "W" is a width. */
export interface Wanted {
  /** Undefined: anything. */
  readonly quantity: string | undefined;
  /** Sides of a thing are told apart. */
  readonly hasSides: boolean;
}

interface UnitAfter {
  readonly readings: UnitReadings;
  readonly side: readonly string[] | undefined;
  readonly next: number;
}

const BRACKETS = new Set(["(", "[", "{", ")", "]", "}", "\\", "*", "_", "$"]);
const OPENING = new Set(["(", "[", "{"]);
const STOPS = new Set([",", ":", "="]);

/** The unit behind a number, past brackets, a hyphen, the name of a side, or words such as "unit:". */
export function readUnitAfter(
  tokens: readonly Token[],
  from: number,
  wanted: Wanted,
  rules: AnswerRules,
): UnitAfter | undefined {
  let [at, side, stopped, introduced] = [from, undefined as readonly string[] | undefined, false, false];
  while (at < tokens.length) {
    const unit = matchUnit(tokens, at, rules);
    const isSuited = unit !== undefined && suitsAny(unit.value, wanted);
    const word = isSuited ? undefined : rules.between.match(tokens, at);
    const later = word && unit?.next === word.next ? readUnitAfter(tokens, word.next, wanted, rules) : undefined;
    if (later && suitsAny(later.readings, wanted)) return later; // 34 in grams
    const named = wanted.hasSides && !isSuited && !side ? rules.dimensions.match(tokens, at) : undefined;
    if (unit && !named) {
      const isOfNext = side !== undefined && isHeader(tokens, at, unit.next, rules);
      return isOfNext || (stopped && !introduced) ? undefined : { readings: unit.value, side, next: unit.next };
    }
    const next = named?.next ?? word?.next ?? skipSign(tokens, at);
    if (next === undefined) return undefined;
    side ??= named?.value;
    introduced ||= !named && word !== undefined;
    stopped ||= STOPS.has(tokens[at].key);
    at = next;
  }
  return undefined;
}

/** Behind the name of a side a unit is that of the next number: 24 Width (cm): 12, width_cm: 12, Width in cm: 12. */
function isHeader(tokens: readonly Token[], from: number, to: number, rules: AnswerRules): boolean {
  const second = tokens[to]?.kind === "word" ? rules.units.match(tokens, to) : undefined; // "in cm" begins with an inch
  let [at, isOpen] = [second?.next ?? to, OPENING.has(tokens[from - 1].key) || second !== undefined];
  while (at < tokens.length && (BRACKETS.has(tokens[at].key) || STOPS.has(tokens[at].key))) {
    isOpen ||= tokens[at].key === ":" || tokens[at].key === "=";
    at++;
  }
  return isOpen && tokens[at]?.kind === "number";
}

/** Past a bracket, a comma or colon, the hyphen of 24-oz, or the plus of 50+ lbs. */
function skipSign(tokens: readonly Token[], at: number): number | undefined {
  const { key, start, end } = tokens[at];
  const touches = tokens[at - 1].end === start && (key === "+" || (key === "-" && tokens[at + 1]?.start === end));
  return touches || BRACKETS.has(key) || STOPS.has(key) ? at + 1 : undefined;
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

/** The unit before a number: kg 5, Voltage (V): 220, weight in kg: 5. The L of W 20 x L 30 is none. */
export function readUnitBefore(
  tokens: readonly Token[],
  low: number,
  at: number,
  wanted: Wanted,
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
    const isSide =
      wanted.hasSides && !suitsAny(unit.value, wanted) && rules.dimensions.match(tokens, from) !== undefined;
    const mayLead = !bracketed && !isSide && rules.beforeNumber.match(tokens, from)?.next === end;
    if (opened || introduced || mayLead) return unit.value;
  }
  return undefined;
}

/** "mg/ml": the second unit has no number of its own, and is not the first in another system (kg/lbs). */
export function isPerUnit(tokens: readonly Token[], at: number, unit: UnitRule, rules: AnswerRules): boolean {
  const per = rules.per.match(tokens, at);
  const under = per && rules.units.match(tokens, per.next);
  return under !== undefined && !under.value.some(({ quantity }) => quantity === unit.quantity);
}
