import { plainDecimal } from "./answer.ts";

/** Why a number was written anew. */
export type NumberRule = "thousands" | "decimal comma" | "scientific" | "number form";

/** Digits read from a text, in the form that labels have. */
export interface NumberText {
  /** "1000.5": no separators but the point, no zeros that say nothing. */
  readonly digits: string;
  readonly rule: NumberRule | undefined;
  /** For "1.500": what it is in a unit of which nobody prints thousandths. */
  readonly regrouped: string | undefined;
  /** It stands as digits alone, and so may be a part of a fraction. */
  readonly whole: boolean;
}

const GROUPS = /^\d{1,3}(?:[.,' ]\d{3})+$/;
const INDIAN_GROUPS = /^\d{1,2}(?:,\d{2})+,\d{3}$/;
const LIKE_THOUSANDS = /^[1-9]\d{0,2}\.\d\d0$/;
const EXPONENT = /^([\d.,]+)\s?e([+-]?\d+)$/i;

/**
 * What a run of digits and separators means; undefined when it is no number (1.2.3, 1,2,3, 12.05.2020, 1e999).
 * Comma and point: the one that stands last and once is the decimal. A comma alone groups before exactly three digits
 * ("1,000") and is a decimal otherwise ("2,5", "0,500"); a point alone is a decimal.
 */
export function interpretDigits(text: string): NumberText | undefined {
  if (/^\d+$/.test(text)) return tidy(text, text, undefined, true);
  const exponent = EXPONENT.exec(text);
  if (exponent) return interpretExponent(exponent[1], exponent[2]);
  const grouped = text.includes("'") || text.includes(" ");
  const [whole, fraction] = grouped || (text.includes(",") && text.includes(".")) ? splitLast(text) : splitSingle(text);
  if (whole === undefined) return undefined;
  const digits = ungroup(whole);
  if (digits === undefined) return undefined;
  const rule = digits !== whole ? "thousands" : text.includes(",") ? "decimal comma" : undefined;
  const number = tidy(fraction === undefined ? digits : `${digits || "0"}.${fraction}`, text, rule, false);
  return LIKE_THOUSANDS.test(text) ? { ...number, regrouped: text.replace(".", "") } : number;
}

/** "1.234,5" → 1.234 and 5; "1 000" has no fraction. */
function splitLast(text: string): readonly [string | undefined, string?] {
  const last = Math.max(text.lastIndexOf(","), text.lastIndexOf("."));
  if (last < 0) return [text];
  const separator = text[last];
  if (text.indexOf(separator) === last) return [text.slice(0, last), text.slice(last + 1)];
  return [undefined];
}

/** Digits with commas alone or points alone. */
function splitSingle(text: string): readonly [string | undefined, string?] {
  const separator = text.includes(",") ? "," : ".";
  const parts = text.split(separator);
  if (parts.length > 2) return [text];
  const groups = separator === "," && /^[1-9]\d{0,2}$/.test(parts[0]) && parts[1].length === 3;
  return groups ? [text] : [parts[0], parts[1]];
}

/** Digits without the separators of thousands; undefined when they do not stand where thousands begin. */
function ungroup(text: string): string | undefined {
  if (/^\d*$/.test(text)) return text;
  const separators = new Set(text.replace(/\d/g, ""));
  const isGrouped = separators.size === 1 && (GROUPS.test(text) || INDIAN_GROUPS.test(text));
  return isGrouped ? text.replace(/\D/g, "") : undefined;
}

function interpretExponent(digits: string, exponent: string): NumberText | undefined {
  const value = Number(`${digits.replace(",", ".")}e${exponent}`);
  const isLost = value === 0 && /[1-9]/.test(digits);
  return Number.isFinite(value) && !isLost
    ? { digits: floatDigits(value), rule: "scientific", regrouped: undefined, whole: false }
    : undefined;
}

/** No label has 007, .5, 5. or 2.50: the first and last are other numbers' digits, and Python prints no zeros behind. */
function tidy(digits: string, text: string, rule: NumberRule | undefined, whole: boolean): NumberText {
  const tidied = tidyDigits(digits);
  const form = rule ?? (tidied !== text ? "number form" : undefined);
  return { digits: tidied, rule: form, regrouped: undefined, whole };
}

function tidyDigits(digits: string): string {
  const whole = digits.replace(/^0+(?=\d)/, "");
  const point = whole.indexOf(".");
  if (point < 0 || !whole.endsWith("0")) return whole;
  let end = whole.length;
  while (whole[end - 1] === "0" && end > point + 2) end--;
  return whole.slice(0, end);
}

/** As Python prints a float, but without an exponent: 35 → "35.0". Most labels have this form, whole numbers too. */
export function floatDigits(value: number): string {
  const digits = plainDecimal(value);
  return digits.includes(".") ? digits : `${digits}.0`;
}
