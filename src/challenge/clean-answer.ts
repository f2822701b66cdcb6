import type { AnswerPolicy, AnswerStep } from "./answer-policy.ts";
import type { AnswerRules } from "./answer-rules.ts";
import { MAX_LETTERS, prepareText, type Token, tokenize } from "./answer-text.ts";
import { chooseReading } from "./choose-reading.ts";
import { ALL_UNITS, type Entity, UNITS } from "./entities.ts";
import { floatDigits } from "./number-text.ts";
import { readTerms, type Wanted } from "./read-terms.ts";
import { type Reading, readValues, round } from "./read-values.ts";

export interface CleanAnswer {
  /** Of the challenge's form with a unit that the entity allows, or empty; as it came where the policy keeps unknown texts. */
  readonly answer: string;
  /** What was done, in order; none for an answer that was right. */
  readonly steps: readonly AnswerStep[];
}

const OFFICIAL = /^(-?\d+(?:\.\d+)?) ([a-z]+(?: [a-z]+)?)$/;
const NOTHING: readonly AnswerStep[] = [];

/**
 * The official form of an answer that somebody or some model wrote: "2 lbs 3oz" is "35.0 ounce". An official answer comes
 * back letter by letter. Takes time in proportion to the text's length, and looks at no more than {@link MAX_LETTERS} of one
 * that is not official.
 * @param entity what was asked for; undefined: any unit of the challenge will do
 */
export function cleanAnswer(
  text: string,
  entity: Entity | undefined,
  rules: AnswerRules,
  policy: AnswerPolicy,
): CleanAnswer {
  if (text === "") return { answer: text, steps: NOTHING };
  const official = OFFICIAL.exec(text);
  if (official && isAllowed(official[2], entity) && Number.isFinite(Number(official[1]))) {
    return policy.number === "keep" ? { answer: text, steps: NOTHING } : asFloat(text, official[1], official[2]);
  }
  return rewrite(text, entity, rules, policy);
}

function isAllowed(unit: string, entity: Entity | undefined): boolean {
  return entity === undefined ? ALL_UNITS.has(unit) : (UNITS[entity] as readonly string[]).includes(unit);
}

function asFloat(text: string, digits: string, unit: string): CleanAnswer {
  const answer = `${floatDigits(Number(digits))} ${unit}`;
  return { answer, steps: answer === text ? NOTHING : [{ rule: "number form", before: text, after: answer }] };
}

function rewrite(text: string, entity: Entity | undefined, rules: AnswerRules, policy: AnswerPolicy): CleanAnswer {
  const steps: AnswerStep[] = [];
  const cut = text.length > MAX_LETTERS ? text.slice(0, MAX_LETTERS) : text;
  if (cut !== text) steps.push({ rule: "text cut", before: `${text.length} letters`, after: `${MAX_LETTERS} letters` });
  const prepared = prepareText(cut, rules.characters);
  if (prepared !== cut) steps.push({ rule: "characters", before: cut, after: prepared });
  const wanted = wantedFor(entity, rules);
  const tokens = tokenize(prepared, wanted.hasSides ? rules.knownWords.length : rules.knownWords.other);
  const values = readValues(tokens, readTerms(tokens, wanted, rules), wanted, rules);
  const choice = chooseReading(tokens, values, entity, wanted, rules, policy);
  const excerpt = (from: number, next: number) => prepared.slice(tokens[from].start, tokens[next - 1].end);
  if ("failure" in choice) {
    const answer = choice.failure === "no value" && policy.unknown === "keep" ? text : "";
    if (answer === "") steps.push({ rule: choice.failure, before: prepared, after: "" });
    return { answer, steps: answer === "" ? steps : NOTHING };
  }
  const { from, next, othersLeft, passed } = choice;
  const found = excerpt(from, next);
  if (hasMore(tokens, from, next))
    steps.push({ rule: othersLeft ? "other values" : "words", before: prepared.trim(), after: found });
  for (const rule of passed)
    steps.push({ rule, before: found, after: excerpt(choice.reading.from, choice.reading.next) });
  return write(text, choice.reading, choice.factor, excerpt, rules, policy, steps);
}

function hasMore(tokens: readonly Token[], from: number, next: number): boolean {
  return from > 0 || next < tokens.length;
}

function wantedFor(entity: Entity | undefined, rules: AnswerRules): Wanted {
  const quantity = entity && rules.quantityOf(entity);
  return { quantity, hasSides: quantity !== undefined && quantity === rules.quantityOf("width") };
}

function write(
  text: string,
  reading: Reading,
  factor: number,
  excerpt: (from: number, next: number) => string,
  rules: AnswerRules,
  policy: AnswerPolicy,
  steps: AnswerStep[],
): CleanAnswer {
  const source = excerpt(reading.from, reading.next);
  const step = (rule: AnswerStep["rule"], before: string, after: string) => steps.push({ rule, before, after });
  let { digits, unit } = reading;
  if (reading.rule) step(reading.rule, source, `${digits} ${unit.name}`);
  if (factor !== 1) digits = floatDigits(round(reading.value * factor, 12));
  if (unit.into !== undefined) {
    if (policy.unit === "empty") return fail("unit not allowed", source, steps);
    const before = `${digits} ${unit.name}`;
    digits = convertDigits(digits, reading, unit.into, rules);
    unit = rules.unit(unit.into);
    step("conversion", before, `${digits} ${unit.name}`);
  }
  if (!Number.isFinite(Number(digits))) return fail("no value", source, steps);
  const kept = `${digits} ${unit.name}`;
  const answer = policy.number === "float" ? `${floatDigits(Number(digits))} ${unit.name}` : kept;
  if (answer !== kept) step("number form", kept, answer);
  if (!source.endsWith(unit.name) && reading.unit === unit && reading.rule !== "sum") step("spelling", source, answer);
  if (steps.length === 0 && answer !== text) step("spaces", text, answer);
  return { answer, steps };
}

function fail(rule: AnswerStep["rule"], before: string, steps: AnswerStep[]): CleanAnswer {
  steps.push({ rule, before, after: "" });
  return { answer: "", steps };
}

const SIGNIFICANT = 6; // 1 horsepower is 745.7 watt; labels of converted values have no more

/** Digits stay where one unit is as large as the other, as a cubic centimetre and a millilitre are. */
function convertDigits(digits: string, { unit, rule }: Reading, into: string, rules: AnswerRules): string {
  if (unit.size === rules.unit(into).size) return digits;
  const isExact = rule !== "fraction" && rule !== "number word";
  const written = isExact ? digits.replace(/\D/g, "").length : 0;
  const value = rules.convert(Number(digits), unit.name, into);
  return Number.isFinite(value) ? floatDigits(round(value, Math.min(15, Math.max(SIGNIFICANT, written)))) : "Infinity";
}
