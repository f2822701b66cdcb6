import { InputError } from "../util/errors.ts";
import { ALL_UNITS, type Unit } from "./entities.ts";

/** A measured value such as 34 gram. */
export interface Answer {
  readonly number: number;
  readonly unit: Unit;
}

/** What Python takes for space, as the official checker does: with U+001C to U+001F and U+0085, and without U+FEFF. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]`);
const FORMAT = new RegExp(`^(-?\\d+(?:\\.\\d+)?)[${SPACE}]+([a-zA-Z${SPACE}]+)$`);
const LONGEST = 1000; // the pattern's time grows with the square of the spaces in a text

/** A text without the spaces at its ends, as Python's `strip` gives it. */
export function strip(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && SPACES.test(text[from])) from++;
  while (to > from && SPACES.test(text[to - 1])) to--;
  return text.slice(from, to);
}

/** The number and the name in a text of the form "x unit", whatever its unit; undefined for another. */
export function splitOfficial(text: string): readonly [digits: string, name: string] | undefined {
  const found = text.length <= LONGEST ? FORMAT.exec(text) : null;
  return found ? [found[1], found[2]] : undefined;
}

/**
 * Reads "x unit" as the official checker does: spaces around it go, `...ter` is taken for `...tre` and `feet` for `foot`.
 * Returns null for the empty answer. @throws InputError when the text has another form, unit or is beyond a float64.
 */
export function parseAnswer(text: string): Answer | null {
  const trimmed = strip(text);
  if (trimmed === "") return null;
  const parts = splitOfficial(trimmed);
  if (parts === undefined)
    throw new InputError(`"${visible(trimmed.slice(0, 100))}": is not of the form "x unit", such as "34 gram"`);
  const [digits, name] = parts;
  const unit = spellUnit(name);
  if (unit === undefined) {
    throw new InputError(`"${trimmed}": "${name}" is no unit`, { hint: `the units are ${[...ALL_UNITS].join(", ")}` });
  }
  const number = Number(digits);
  if (!Number.isFinite(number)) throw new InputError(`"${trimmed}": the number is too large`);
  return { number, unit };
}

/** "\ufeff34 gram" looks right, as long as what is wrong with it is not seen. */
const visible = (text: string) =>
  text.replace(/\p{Cf}/gu, (sign) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, "0")}`);

function spellUnit(name: string): Unit | undefined {
  const spellings = [name, name.replaceAll("ter", "tre"), name.replaceAll("feet", "foot")];
  return spellings.find((spelling) => ALL_UNITS.has(spelling)) as Unit | undefined;
}

/** Writes "x unit" in digits alone, with no exponent, such that {@link parseAnswer} gives the same number. */
export function formatAnswer({ number, unit }: Answer): string {
  if (!Number.isFinite(number)) throw new RangeError(`formatAnswer: ${number} is no finite number`);
  return `${plainDecimal(number)} ${unit}`;
}

/** 1.5e-7 → 0.00000015: the shortest digits that give the number back, as `String` finds them, without the exponent. */
export function plainDecimal(number: number): string {
  const scientific = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(number));
  if (!scientific) return String(number);
  const [, sign, head, tail = "", power] = scientific;
  const exponent = Number(power);
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${head}${tail}`;
  return `${sign}${head}${tail.padEnd(exponent, "0")}`; // from 1e21 on, at most 17 digits: no fraction is left
}
