import { InputError } from "../util/errors.ts";
import { ALL_UNITS, type Unit } from "./entities.ts";

/** A measured value such as 34 gram. */
export interface Answer {
  readonly number: number;
  readonly unit: Unit;
}

const FORMAT = /^-?\d+(\.\d+)?\s+[a-zA-Z\s]+$/;
const LONGEST = 1000; // the pattern's time grows with the square of the spaces in a text

/** Whether a text is of the form "x unit", whatever its unit. */
export function isOfficialForm(text: string): boolean {
  return text.length <= LONGEST && FORMAT.test(text);
}

/**
 * Reads "x unit" as the official checker does: spaces around it go, `...ter` is taken for `...tre` and `feet` for `foot`.
 * Returns null for the empty answer. @throws InputError when the text has another form, unit or is beyond a float64.
 */
export function parseAnswer(text: string): Answer | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (!isOfficialForm(trimmed))
    throw new InputError(`"${trimmed.slice(0, 100)}": is not of the form "x unit", such as "34 gram"`);
  const [, digits, name] = /^(\S+)\s+(.*)$/s.exec(trimmed)!;
  const unit = spellUnit(name);
  if (unit === undefined) {
    throw new InputError(`"${trimmed}": "${name}" is no unit`, { hint: `the units are ${[...ALL_UNITS].join(", ")}` });
  }
  const number = Number(digits);
  if (!Number.isFinite(number)) throw new InputError(`"${trimmed}": the number is too large`);
  return { number, unit };
}

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
