import { interpretDigits, type NumberText } from "./number-text.ts";

/** A word, a sign or a number of a text. `key` is `text` in small letters; places are offsets in the prepared text. */
export interface Token {
  readonly kind: "word" | "mark" | "number" | "code";
  readonly text: string;
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Of a number alone. */
  readonly number: NumberText | undefined;
}

/** Which characters stand for others, from the rules. */
export interface Characters {
  /** What {@link prepareText} has to look at; a text without a match is left as it is. */
  readonly special: RegExp;
  readonly replaced: RegExp;
  readonly replacements: ReadonlyMap<string, string>;
  /** A mark of grouped thousands between two digits. */
  readonly groupMark: RegExp;
}

/** Which words tokens are made of; a spelling knows all, a text those of the rules. */
export interface KnownWords {
  /** Words that end in a digit: ft3, m2. */
  isWord(word: string): boolean;
  /** Words that a number may touch: DC5V, 10x20. After any other one it is part of a name: E27. */
  touches(word: string): boolean;
}

export const EVERY_WORD: KnownWords = { isWord: () => true, touches: () => true };

/** A label's value stands in a line or two; what comes later in an endless answer is not looked at. */
export const MAX_LETTERS = 1000;

const SUPERSCRIPTS = /(?<=\d)[⁺⁻]?[⁰¹²³⁴-⁹]+/gu;
const INVISIBLE = /\p{Cf}/gu;
const BROKEN = /[\p{Cc}\p{Cs}\p{Co}]/gu;
const POWER_OF_UNIT = /(?<=\p{L})\^(?=[23])/gu;

/** `text` in one form for each character: digits, quotes, dashes, fractions and full-width letters as the rules have them. */
export function prepareText(text: string, { special, replaced, replacements, groupMark }: Characters): string {
  if (!special.test(text)) return text;
  return text
    .replace(BROKEN, " ")
    .replace(INVISIBLE, "")
    .replace(SUPERSCRIPTS, (power) => `^${power}`)
    .replace(groupMark, "'")
    .replace(replaced, (character) => replacements.get(character)!)
    .normalize("NFKC")
    .replace(replaced, (character) => replacements.get(character)!) // ＂ and − come out of the line before as well
    .replace(POWER_OF_UNIT, "");
}

const SCIENTIFIC = /(\d+(?:[.,]\d+)?)(?:e|\s?e(?=[+-]))([+-]?\d+)(?![\p{L}\d])/iuy;
const GROUPED = /\d{1,3}(?:'\d{3})+(?![\d'])(?:[.,]\d+)?/y;
const SPACED = /[1-9]\d{0,2}(?: \d{3})+(?!\d)(?:[.,]\d+)?/y;
const PLAIN = /\d+(?:[.,]\d+)*/y;
const IN_LIST = /\d+(?:\.\d+)*/y;
const LEADING_POINT = /[.,]\d+/y;
const NUMBERS = [SCIENTIFIC, GROUPED, PLAIN, LEADING_POINT];
const LIST_NUMBERS = [SCIENTIFIC, GROUPED, IN_LIST, LEADING_POINT];
const MAY_GO_ON = new Set([".", ",", "'", " ", "e", "E"]);
const ASCII_WORD = /[A-Za-z]+/y;
const WORD =
  /\p{Script=Han}|[\p{Script=Katakana}ー]+|\p{Script=Hiragana}+|(?:(?![\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}])[\p{L}\p{M}])+/uy;
const POWER = /[23](?![\p{L}\d]|[.,]\d)/uy;
const NOT_ASCII = /[^\x20-\x7e]/;
const UNSPACED = /[\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Splits a prepared text. Spaces and single full stops part tokens and are none; so are quotes around a word or value. */
export function tokenize(text: string, known: KnownWords): readonly Token[] {
  const word = NOT_ASCII.test(text) ? WORD : ASCII_WORD;
  const tokens: Token[] = [];
  let quote = ""; // the one that is open
  let inList = false;
  let at = 0;
  while (at < text.length) {
    const last = tokens.at(-1);
    const touching = last !== undefined && last.end === at;
    const character = text[at];
    const token =
      readNumberToken(text, at, inList, touching ? last : undefined, tokens.at(-2), known) ??
      readWord(text, at, word, known);
    if (token) {
      tokens.push(token);
      at = token.end;
    } else if (character === quote) {
      quote = "";
      at++;
    } else if (opensQuote(text, at, touching)) {
      quote = character;
      at++;
    } else {
      if (character === "[") inList = true;
      if (character === "]") inList = false;
      const end = character === "." ? endOfDots(text, at) : at + 1;
      const isToken = character !== "." ? character.trim() !== "" : end - at > 1;
      if (isToken) tokens.push(markToken(text.slice(at, end), character === "." ? ".." : character, at));
      at = end;
    }
  }
  return tokens;
}

const markToken = (text: string, key: string, start: number): Token => ({
  kind: "mark",
  text,
  key,
  start,
  end: start + text.length,
  number: undefined,
});

function opensQuote(text: string, at: number, touching: boolean): boolean {
  if (text[at] !== '"' && text[at] !== "'") return false;
  return !touching && at + 1 < text.length && text[at + 1].trim() !== "";
}

function endOfDots(text: string, at: number): number {
  let end = at;
  while (text[end] === ".") end++;
  return end;
}

function readWord(text: string, at: number, pattern: RegExp, known: KnownWords): Token | undefined {
  const word = matchAt(pattern, text, at)?.[0];
  if (word === undefined) return undefined;
  const power = matchAt(POWER, text, at + word.length)?.[0];
  const whole = power !== undefined && known.isWord(`${word}${power}`.toLowerCase()) ? word + power : word;
  return { kind: "word", text: whole, key: whole.toLowerCase(), start: at, end: at + whole.length, number: undefined };
}

/** A number, or the digits of a name such as E27 or B12, which are a code. `last` touches it. */
function readNumberToken(
  text: string,
  at: number,
  inList: boolean,
  last: Token | undefined,
  beforeLast: Token | undefined,
  known: KnownWords,
): Token | undefined {
  const isDigit = isDigitAt(text, at);
  if (!isDigit && text[at] !== "," && text[at] !== ".") return undefined;
  if (!isDigit && last !== undefined && last.kind !== "mark") return undefined;
  const afterWord = last?.kind === "word" || last?.kind === "code";
  const found = findNumber(text, at, inList, afterWord);
  if (found === undefined) return undefined;
  const touchesName = last?.kind === "code" || (last?.kind === "word" && !mayTouch(last, beforeLast, known));
  const number = touchesName ? undefined : interpretDigits(found);
  return { kind: number ? "number" : "code", text: found, key: found, start: at, end: at + found.length, number };
}

function mayTouch(word: Token, before: Token | undefined, known: KnownWords): boolean {
  const afterNumber = before?.kind === "number" && before.end === word.start;
  return afterNumber || UNSPACED.test(word.text) || known.touches(word.key);
}

function findNumber(text: string, at: number, inList: boolean, afterWord: boolean): string | undefined {
  let end = at;
  while (isDigitAt(text, end)) end++;
  if (end > at && !MAY_GO_ON.has(text[end])) return text.slice(at, end);
  const spaced = afterWord || text[end] !== " " ? undefined : matchAt(SPACED, text, at)?.[0];
  if (spaced !== undefined && isOneNumber(spaced)) return spaced;
  for (const pattern of inList ? LIST_NUMBERS : NUMBERS) {
    const found = matchAt(pattern, text, at)?.[0];
    if (found !== undefined) return found;
  }
  return undefined;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** "1 500" is one number. "110 220" is two, and so is any pair of three digits, unless a zero leads the second. */
function isOneNumber(spaced: string): boolean {
  return spaced.indexOf(" ") < 3 || / 0/.test(spaced);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
