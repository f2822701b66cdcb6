import type { KnownWords, Token } from "./answer-text.ts";
import { interpretDigits } from "./number-text.ts";

const SCIENTIFIC = /(\d+(?:[.,]\d+)?)(?:e|\s?e(?=[+-]))([+-]?\d+)(?!\d)/iuy;
const GROUPED = /\d{1,3}(?:'\d{3})+(?![\d'])(?:[.,]\d+)?/y;
const SPACED = /[1-9]\d{0,2}(?: \d{3})+(?!\d)(?:[.,]\d+)?/y;
const PLAIN = /\d+(?:[.,]\d+)*/y;
const IN_LIST = /\d+(?:\.\d+)*/y;
const LEADING_POINT = /[.,]\d+/y;
const WORD =
  /\p{Script=Han}|[\p{Script=Katakana}ー]+|\p{Script=Hiragana}+|(?:(?![\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}])[\p{L}\p{M}])+/uy;
const POWER = /[23](?![\p{L}\d]|[.,]\d)/uy;
const UNSPACED = /[\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}\p{Script=Hangul}\p{Script=Thai}]/u;

interface Scan {
  readonly text: string;
  readonly known: KnownWords;
  readonly tokens: Token[];
  /** The quote that is open. */
  quote: string;
  /** Between [ and ], where a comma parts numbers. */
  inList: boolean;
}

/** Splits a prepared text. Spaces and single full stops part tokens and are none; so are quotes around a word or value. */
export function tokenize(text: string, known: KnownWords): readonly Token[] {
  const scan: Scan = { text, known, tokens: [], quote: "", inList: false };
  let at = 0;
  while (at < text.length) at = readNext(scan, at);
  return scan.tokens;
}

/** Reads what stands at a place. Returns where it ends. */
function readNext(scan: Scan, at: number): number {
  const { text, tokens } = scan;
  if (text[at] === " ") return at + 1;
  const last = tokens.length > 0 ? tokens[tokens.length - 1] : undefined;
  const touched = last !== undefined && last.end === at ? last : undefined;
  const token = readNumberToken(scan, at, touched) ?? readWord(scan, at);
  if (token === undefined) return readSign(scan, at, touched !== undefined);
  tokens.push(token);
  return token.end;
}

function readSign(scan: Scan, at: number, touches: boolean): number {
  const { text, tokens } = scan;
  const sign = text[at];
  if (sign === scan.quote) scan.quote = "";
  else if (opensQuote(text, at, touches)) scan.quote = sign;
  else if (sign === ".") return readDots(scan, at);
  else if (sign.trim() !== "") {
    scan.inList = sign === "[" || (scan.inList && sign !== "]");
    tokens.push({ kind: "mark", text: sign, key: sign, start: at, end: at + 1, number: undefined });
  }
  return at + 1;
}

function opensQuote(text: string, at: number, touches: boolean): boolean {
  if (text[at] !== '"' && text[at] !== "'") return false;
  return !touches && at + 1 < text.length && text[at + 1].trim() !== "";
}

/** One full stop is none; more stand between the ends of a range. */
function readDots({ text, tokens }: Scan, at: number): number {
  let end = at;
  while (text[end] === ".") end++;
  if (end - at > 1) tokens.push({ kind: "mark", text: "..", key: "..", start: at, end, number: undefined });
  return end;
}

function readWord(scan: Scan, at: number): Token | undefined {
  const { text, known } = scan;
  const endOfLetters = endOfWord(text, at);
  if (endOfLetters === at) return undefined;
  const end = endOfFirst(scan, at, endOfLetters);
  const mayBePower = text[end] === "2" || text[end] === "3";
  const isPower = mayBePower && matchAt(POWER, text, end) && known.isWord(text.slice(at, end + 1).toLowerCase());
  const word = text.slice(at, isPower ? end + 1 : end);
  return { kind: "word", text: word, key: word.toLowerCase(), start: at, end: at + word.length, number: undefined };
}

/** Where the first of two words ends that touch, between two numbers: "xH" in W10xH20, "cmx" in 10cmx20. */
function endOfFirst({ text, known, tokens }: Scan, at: number, end: number): number {
  const isBetween = tokens.at(-1)?.kind === "number" && isDigitAt(text, end);
  if (!isBetween || end - at < 2) return end;
  const word = text.slice(at, end).toLowerCase();
  const [first, unit, last] = [word[0], word.slice(0, -1), word[word.length - 1]];
  if (known.isWord(word) || known.touches(word) || !known.touches(last)) return end;
  if (known.isWord(unit)) return end - 1;
  return word.length === 2 && known.touches(first) ? at + 1 : end;
}

/** The pattern is slow, and needed only where a letter is not ASCII. */
function endOfWord(text: string, at: number): number {
  let end = at;
  while (isLetter(text.charCodeAt(end))) end++;
  return text.charCodeAt(end) > 127 ? at + (matchAt(WORD, text, at)?.[0].length ?? 0) : end;
}

const isLetter = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

/** A number, or the digits of a name such as E27 or B12, which are a code. */
function readNumberToken(scan: Scan, at: number, touched: Token | undefined): Token | undefined {
  const { text, tokens, known } = scan;
  const isDigit = isDigitAt(text, at);
  if (!isDigit && text[at] !== "," && text[at] !== ".") return undefined;
  if (!isDigit && touched !== undefined && touched.kind !== "mark") return undefined;
  const found = findNumber(scan, at);
  if (found === undefined) return undefined;
  const isName = touched?.kind === "code" || (touched?.kind === "word" && !mayTouch(touched, tokens.at(-2), known));
  const number = isName ? undefined : interpretDigits(found);
  return { kind: number ? "number" : "code", text: found, key: found, start: at, end: at + found.length, number };
}

function mayTouch(word: Token, before: Token | undefined, known: KnownWords): boolean {
  const afterNumber = before?.kind === "number" && before.end === word.start;
  return afterNumber || UNSPACED.test(word.text) || known.touches(word.key);
}

/**
 * Whether "1 500" may begin here: not behind a name, a number, or what makes the 1 a part of something else
 * (Pack of 2 500 g, SPF 50 100 ml, 3-in-1 500 g, #5 500 g).
 */
function mayBeSpaced({ tokens, known }: Scan, at: number): boolean {
  const [last, before] = [tokens.at(-1), tokens.at(-2)];
  if (last === undefined) return true;
  if (last.kind === "mark") {
    const isHyphen = last.key === "-" && last.end === at && before?.end === last.start;
    return last.key !== "#" && (!isHyphen || before.text.includes(" "));
  }
  if (last.kind !== "word" || last.end === at) return false;
  const word = last.key === "of" && before ? before : last; // net weight of 1 500 g
  return word.kind === "word" && known.touches(word.key);
}

function findNumber(scan: Scan, at: number): string | undefined {
  const { text, inList } = scan;
  const end = endOfDigits(text, at);
  if (end === at) return matchAt(LEADING_POINT, text, at)?.[0];
  const grouped = text[end] === "'" ? matchAt(GROUPED, text, at)?.[0] : undefined;
  if (grouped !== undefined) return grouped;
  const spaced = text[end] === " " && mayBeSpaced(scan, at) ? matchAt(SPACED, text, at)?.[0] : undefined;
  if (spaced !== undefined && isOneNumber(spaced)) return spaced;
  const isPlain = text[end] !== "." && text[end] !== ",";
  const number = isPlain ? text.slice(at, end) : matchAt(inList ? IN_LIST : PLAIN, text, at)![0];
  return matchExponent(text, at, at + number.length) ?? number;
}

/** "2.2e+3", and "5.0 e+17" as the labels have it too. */
function matchExponent(text: string, at: number, end: number): string | undefined {
  const letter = text[end] === " " ? text[end + 1] : text[end];
  return letter === "e" || letter === "E" ? matchAt(SCIENTIFIC, text, at)?.[0] : undefined;
}

function endOfDigits(text: string, at: number): number {
  let end = at;
  while (isDigitAt(text, end)) end++;
  return end;
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
