import type { NumberText } from "./number-text.ts";

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
const HYPHEN_OF_MIXED = /(?<=\d-) (?=\d+⁄)/gu;
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
    .replace(HYPHEN_OF_MIXED, "") // 2-½: a space stands before each glyph, so that 2½ is no 21/2
    .replace(POWER_OF_UNIT, "");
}
