import type { Unit } from "../../challenge/entities.ts";
import type { Random } from "../../util/random.ts";
import { chance, pick } from "./choose.ts";
import { UNIT_STYLES } from "./unit-styles.ts";

/** A number in plain digits, as 34 or 0.5, and its unit. */
export interface Quantity {
  readonly number: string;
  readonly unit: Unit;
}

/** Keeps a number and its unit on one line. */
export const NO_BREAK = "\u00a0";

/** Of numbers such as 0.5 and 1200. */
const WITHOUT_ZERO = 0.15;
const WITH_COMMA = 0.4;
const WITHOUT_SPACE = 0.5;

/**
 * A quantity as packs print it: 34g, 5.5", 1.5 Litre, .5 oz.
 * @param inFull share of units in full words
 */
export function writeQuantity({ number, unit }: Quantity, inFull: number, random: Random): string {
  const { short, full } = UNIT_STYLES[unit];
  const digits = writeNumber(number, random);
  if (chance(random, inFull)) {
    const word = full[number === "1" ? 0 : 1];
    const cased = pick(random, [word, word, word.toUpperCase(), word.replace(/\b[a-z]/g, (c) => c.toUpperCase())]);
    return `${digits} ${cased}`.replaceAll(" ", NO_BREAK);
  }
  const sign = pick(random, short);
  const touches = /^["']$/.test(sign) || chance(random, WITHOUT_SPACE);
  return `${digits}${touches ? "" : NO_BREAK}${sign}`.replaceAll(" ", NO_BREAK);
}

function writeNumber(number: string, random: Random): string {
  const draw = random.uniform();
  if (number.startsWith("0.")) return draw < WITHOUT_ZERO ? number.slice(1) : number;
  if (/^\d{4,}$/.test(number) && draw < WITH_COMMA) return number.replace(/\B(?=(\d{3})+$)/g, ",");
  return number;
}

/** Up to four digits, two in three times a whole number. */
export function randomNumber(random: Random): string {
  const decimals = pick(random, [0, 0, 0, 0, 1, 2]);
  const digits = decimals + pick(random, [1, 1, 2, 2, 3].slice(0, decimals === 2 ? 4 : 5));
  const value = 1 + random.int(10 ** digits - 1);
  return String(value / 10 ** decimals);
}
