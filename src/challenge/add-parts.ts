import type { AnswerRules, SumRule, UnitRule } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { floatDigits } from "./number-text.ts";
import type { Term } from "./read-terms.ts";
import { type Reading, readIn, round, toValue, type Value } from "./value.ts";

/** The values of terms, with those added that are parts of one: 5 ft 11 in, 2 lb 3 oz, 1 kg 200 g. */
export function addParts(tokens: readonly Token[], terms: readonly Term[], rules: AnswerRules): Value[] {
  const values: Value[] = [];
  for (const term of terms) {
    const last = values.at(-1);
    const sum = last && addTo(tokens, last, term, rules);
    if (sum) values[values.length - 1] = sum;
    else values.push(toValue(term, rules));
  }
  return values;
}

function addTo(tokens: readonly Token[], last: Value, term: Term, rules: AnswerRules): Value | undefined {
  const whole = wholeOf(tokens, last, rules);
  if (whole === undefined || term.isOther || term.negative) return undefined;
  const joint = tokens
    .slice(whole.next, term.from)
    .map(({ key }) => key)
    .join(" ");
  const { reading: first } = whole;
  if (first === undefined) return term.unit && joint === "" ? { ...last, isOther: true, next: term.next } : undefined;
  if (first.value < 0) return undefined;
  const unit =
    rules.sums.map((sum) => partOf(sum, first.unit, joint, tokens, term, rules)).find((part) => part) ??
    hundredthOf(first.unit, tokens, whole.next, term, rules);
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

/** What a term may be added to, and where it ends: "8 st" is a value in front of pounds; "2 cwt" is none anywhere. */
function wholeOf(
  tokens: readonly Token[],
  last: Value,
  rules: AnswerRules,
): { readonly reading: Reading | undefined; readonly next: number } | undefined {
  if (last.readings.length === 1) return { reading: last.readings[0], next: last.next };
  const found = last.readings.length === 0 && !last.isOther ? rules.inSums.match(tokens, last.next) : undefined;
  if (found === undefined) return undefined;
  const { unit } = found.value;
  return { reading: unit && readIn(unit, last.number, last, rules), next: found.next };
}

/** No word follows that the number may belong to, but a sign of multiplying or a side: 6'2 tall. */
function isAlone(tokens: readonly Token[], { next }: Term, rules: AnswerRules): boolean {
  if (tokens[next]?.kind !== "word") return true;
  return rules.times.match(tokens, next) !== undefined || rules.dimensions.match(tokens, next) !== undefined;
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
  const mayBeBare = bare && isAlone(tokens, term, rules) && (joint === "" || joint === "-") && at + 1 < units.length;
  return mayBeBare ? rules.unit(units[at + 1]) : undefined;
}

/** 1m75: two digits that touch the unit and have none of their own are hundredths. */
function hundredthOf(
  unit: UnitRule,
  tokens: readonly Token[],
  at: number,
  term: Term,
  rules: AnswerRules,
): UnitRule | undefined {
  const touches = term.from === at && tokens[at - 1].end === tokens[at].start;
  if (!touches || term.unit !== undefined || !/^\d\d$/.test(tokens[at].text)) return undefined;
  const units = rules.sums.filter((sum) => sum.units.includes(unit.name)).flatMap((sum) => sum.units);
  return units.map(rules.unit).find(({ size }) => Math.abs(size * 100 - unit.size) < unit.size * 1e-9);
}
