import type { AnswerPolicy, AnswerStep, NoAnswer } from "./answer-policy.ts";
import type { AnswerRules } from "./answer-rules.ts";
import { MAX_LETTERS, prepareText, type Token } from "./answer-text.ts";
import { type Choice, chooseReading } from "./choose-reading.ts";
import { ALL_UNITS, type Entity, UNITS } from "./entities.ts";
import { floatDigits } from "./number-text.ts";
import { readTerms } from "./read-terms.ts";
import type { Wanted } from "./read-unit.ts";
import { readValues } from "./read-values.ts";
import { tokenize } from "./tokenize.ts";
import { writeAnswer } from "./write-answer.ts";

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
  const prepared = prepare(text, rules, steps);
  const wanted = wantedFor(entity, rules);
  const tokens = tokenize(prepared, wanted.hasSides ? rules.knownWords.length : rules.knownWords.other);
  const values = readValues(tokens, readTerms(tokens, wanted, rules), wanted, rules);
  const choice = chooseReading(tokens, values, entity, wanted, rules, policy);
  const answer = "failure" in choice ? choice : writeChoice(prepared, tokens, choice, rules, policy, steps);
  if (typeof answer === "string") {
    if (steps.length === 0 && answer !== text) steps.push({ rule: "spaces", before: text, after: answer });
    return { answer, steps };
  }
  if (answer.failure === "no value" && policy.unknown === "keep") return { answer: text, steps: NOTHING };
  return { answer: "", steps: [...steps, { rule: answer.failure, before: prepared, after: "" }] };
}

const END_OF_THOUGHTS = "</think>";

/** What a model thinks before its answer is none. */
function withoutThoughts(text: string): string {
  const last = text.lastIndexOf(END_OF_THOUGHTS);
  return last < 0 ? text : text.slice(last + END_OF_THOUGHTS.length);
}

function prepare(text: string, rules: AnswerRules, steps: AnswerStep[]): string {
  const said = withoutThoughts(text);
  if (said !== text)
    steps.push({ rule: "thoughts", before: `${text.length} letters`, after: `${said.length} letters` });
  const cut = said.length > MAX_LETTERS ? said.slice(0, MAX_LETTERS) : said;
  if (cut !== said) steps.push({ rule: "text cut", before: `${said.length} letters`, after: `${MAX_LETTERS} letters` });
  const prepared = prepareText(cut, rules.characters);
  if (prepared !== cut) steps.push({ rule: "characters", before: cut, after: prepared });
  return prepared;
}

function wantedFor(entity: Entity | undefined, rules: AnswerRules): Wanted {
  const quantity = entity && rules.quantityOf(entity);
  return { quantity, hasSides: quantity !== undefined && quantity === rules.quantityOf("width") };
}

function writeChoice(
  prepared: string,
  tokens: readonly Token[],
  { reading, factor, from, next, othersLeft, passed }: Choice,
  rules: AnswerRules,
  policy: AnswerPolicy,
  steps: AnswerStep[],
): string | NoAnswer {
  const found = excerpt(prepared, tokens, from, next);
  const source = excerpt(prepared, tokens, reading.from, reading.next);
  if (from > 0 || next < tokens.length) {
    steps.push({ rule: othersLeft ? "other values" : "words", before: prepared.trim(), after: found });
  }
  for (const rule of passed) steps.push({ rule, before: found, after: source });
  return writeAnswer(source, reading, factor, rules, policy, steps);
}

const excerpt = (text: string, tokens: readonly Token[], from: number, next: number) =>
  text.slice(tokens[from].start, tokens[next - 1].end);
