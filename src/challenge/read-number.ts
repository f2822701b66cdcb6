import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import { floatDigits, type NumberRule } from "./number-text.ts";

/** A number of a text and the tokens it takes. */
export interface NumberRead {
  readonly value: number;
  /** As written, but for separators and idle zeros; as Python prints a float where it had to be computed. */
  readonly digits: string;
  readonly rule: NumberRule | "fraction" | "number word" | undefined;
  /** See {@link NumberText.regrouped}. */
  readonly regrouped: string | undefined;
  readonly from: number;
  readonly next: number;
}

/**
 * The number that begins at a token: digits, 3/4, 1 3/4, 1-3/4, 2×10³ or a word such as "half".
 * @param slashes whether a slash may make a fraction
 */
export function readNumber(
  tokens: readonly Token[],
  from: number,
  rules: AnswerRules,
  slashes: boolean,
): NumberRead | undefined {
  const token = tokens[from];
  if (token.kind === "word" || token.kind === "mark") return readNumberWord(tokens, from, rules);
  if (token.number === undefined) return undefined;
  return (
    readPowerOfTen(tokens, from, rules) ??
    readMixed(tokens, from, rules, slashes) ??
    readFraction(tokens, from, rules, slashes) ?? {
      value: Number(token.number.digits),
      digits: token.number.digits,
      rule: token.number.rule,
      regrouped: token.number.regrouped,
      from,
      next: from + 1,
    }
  );
}

const computed = (value: number, rule: NonNullable<NumberRead["rule"]>, from: number, next: number): NumberRead => ({
  value,
  digits: floatDigits(value),
  rule,
  regrouped: undefined,
  from,
  next,
});

function readNumberWord(tokens: readonly Token[], from: number, rules: AnswerRules): NumberRead | undefined {
  const word = rules.numberWords.match(tokens, from);
  if (word === undefined || goesOnNumber(tokens, from, rules)) return undefined;
  const unit = tokens[word.next]?.key === "-" ? word.next + 1 : word.next; // half-pound
  if (rules.units.match(tokens, unit) === undefined) return undefined;
  return computed(word.value, "number word", from, word.next);
}

/** "two hundred", "thirty-two", "one point five", "3 and a half": the last word alone is another number than the whole. */
function goesOnNumber(tokens: readonly Token[], from: number, rules: AnswerRules): boolean {
  let before = from - 1;
  while (before >= 0 && before >= from - MOST_JOINTS && rules.numberJoints.has(tokens[before].key)) before--;
  if (before < 0) return false;
  return tokens[before].kind === "number" || rules.numberParts.has(tokens[before].key);
}

const MOST_JOINTS = 3; // three and a half, twenty - and - a

/** 10^3, 2 x 10^3 */
function readPowerOfTen(tokens: readonly Token[], from: number, rules: AnswerRules): NumberRead | undefined {
  const times = rules.times.match(tokens, from + 1);
  const factor =
    times && tokens[times.next]?.text === "10" && tokens[times.next + 1]?.key === "^" ? tokens[from] : undefined;
  const ten = factor ? times!.next : from;
  if (tokens[ten].text !== "10" || tokens[ten + 1]?.key !== "^") return undefined;
  const sign = ["-", "+"].includes(tokens[ten + 2]?.key ?? "") ? tokens[ten + 2].key : "";
  const exponent = tokens[ten + 2 + sign.length];
  if (exponent?.number?.whole !== true) return undefined;
  const value = Number(`${factor?.number?.digits ?? 1}e${sign}${exponent.number.digits}`);
  return Number.isFinite(value) ? computed(value, "scientific", from, ten + 3 + sign.length) : undefined;
}

function readMixed(
  tokens: readonly Token[],
  from: number,
  rules: AnswerRules,
  slashes: boolean,
): NumberRead | undefined {
  if (!tokens[from].number!.whole) return undefined;
  const joint = readJoint(tokens, from + 1, rules);
  const word = joint > from + 1 ? rules.numberWords.match(tokens, joint) : undefined;
  if (word && word.value < 1 && rules.units.match(tokens, word.next)) {
    return computed(Number(tokens[from].number!.digits) + word.value, "number word", from, word.next);
  }
  const fraction = tokens[joint]?.number ? readFraction(tokens, joint, rules, slashes) : undefined;
  if (fraction === undefined || fraction.value >= 1) return undefined;
  return computed(Number(tokens[from].number!.digits) + fraction.value, "fraction", from, fraction.next);
}

/** Where the fraction stands: at once or behind a joint, of which a hyphen has to touch both sides. */
function readJoint(tokens: readonly Token[], from: number, rules: AnswerRules): number {
  const joint = rules.fractionJoints.match(tokens, from);
  if (joint === undefined) return from;
  const [before, word, after] = [tokens[from - 1], tokens[from], tokens[joint.next]];
  const touches = before.end === word.start && after?.start === word.end;
  return word.key !== "-" || touches ? joint.next : from;
}

/** With a fraction slash (from ½) any; with a plain one those below one in parts that rulers and scales have. */
function readFraction(
  tokens: readonly Token[],
  from: number,
  rules: AnswerRules,
  slashes: boolean,
): NumberRead | undefined {
  const [over, slash, under] = [tokens[from], tokens[from + 1], tokens[from + 2]];
  if (under?.number?.whole !== true || over.number?.whole !== true) return undefined;
  const value = Number(over.text) / Number(under.text);
  const isGlyph = slash.key === "⁄";
  const isWritten = slash.key === "/" && slashes && value < 1 && rules.denominators.has(Number(under.text));
  const goesOn = tokens[from + 3]?.key === "/" && tokens[from + 4]?.kind === "number" && tokens[from + 5]?.key !== "/";
  if (isGlyph || (isWritten && !goesOn && !isInsideList(tokens, from)))
    return computed(value, "fraction", from, from + 3);
  return undefined;
}

/** An odd number of numbers before this one, each with a slash: 3/5/8 is no 3 and 5/8. */
function isInsideList(tokens: readonly Token[], from: number): boolean {
  let at = from;
  while (tokens[at - 1]?.key === "/" && tokens[at - 2]?.kind === "number") at -= 2;
  return (from - at) % 4 === 2;
}
