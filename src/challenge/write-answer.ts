import type { AnswerPolicy, AnswerStep, NoAnswer } from "./answer-policy.ts";
import type { AnswerRules } from "./answer-rules.ts";
import { floatDigits } from "./number-text.ts";
import { type Reading, round } from "./value.ts";

/**
 * "x unit" in an allowed unit; what was done is added to `steps`. None for a number beyond a float64, or a unit that is
 * neither allowed nor to be converted.
 *
 * The digits of a label stay as they are, for labels of the challenge have both forms: of 263,859, 63 % are whole with ".0"
 * ("500.0 gram"), 28 % have decimals and 8 % are whole without a point ("34 gram"). None has an idle zero ("2.50"). Numbers
 * that had to be computed are written as Python prints a float, "35.0", which is what most of the labels have.
 * @param source the words that the reading is of
 */
export function writeAnswer(
  source: string,
  reading: Reading,
  factor: number,
  rules: AnswerRules,
  policy: AnswerPolicy,
  steps: AnswerStep[],
): string | NoAnswer {
  const { rule, unit } = reading;
  if (rule) steps.push({ rule, before: source, after: `${reading.digits} ${unit.name}` });
  const digits = factor === 1 ? reading.digits : floatDigits(round(reading.value * factor, EXACT));
  if (unit.into !== undefined && policy.unit === "empty") return { failure: "unit not allowed" };
  const converted = unit.into === undefined ? digits : convertDigits(digits, reading, unit.into, rules);
  if (!Number.isFinite(Number(converted))) return { failure: "no value" };
  const kept = `${converted} ${unit.into ?? unit.name}`;
  const answer = policy.number === "float" ? `${floatDigits(Number(converted))} ${unit.into ?? unit.name}` : kept;
  if (unit.into !== undefined) steps.push({ rule: "conversion", before: `${digits} ${unit.name}`, after: kept });
  else if (rule !== "sum" && !source.endsWith(unit.name)) steps.push({ rule: "spelling", before: source, after: kept });
  if (answer !== kept) steps.push({ rule: "number form", before: kept, after: answer });
  return answer;
}

const EXACT = 12; // digits that survive a few operations in float64
const SIGNIFICANT = 6; // 1 horsepower is 745.7 watt; labels of converted values have no more

/** Digits stay where one unit is as large as the other, as a cubic centimetre and a millilitre are. */
function convertDigits(digits: string, { unit, rule }: Reading, into: string, rules: AnswerRules): string {
  if (unit.size === rules.unit(into).size) return digits;
  const isExact = rule !== "fraction" && rule !== "number word";
  const written = isExact ? digits.replace(/\D/g, "").length : 0;
  const value = rules.convert(Number(digits), unit.name, into);
  return Number.isFinite(value)
    ? floatDigits(round(value, Math.min(EXACT, Math.max(SIGNIFICANT, written))))
    : "Infinity";
}
