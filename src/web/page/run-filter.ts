import type { RunRow } from "../api.ts";
import { asNumber, compareValues, type Field, type FieldValue, findField } from "./fields.ts";

export interface RunFilter {
  matches(run: RunRow): boolean;
  /** What of the text was not understood; it is passed over. */
  readonly faults: readonly string[];
}

type Test = (run: RunRow) => boolean;

/**
 * Terms with spaces between them, which all must hold: a text that the name has, or a field, an operator and a value.
 *
 *     train.lr>=1e-4 state:finished -name:nano "two words"
 *
 * `:` is "has this text", `=` and `!=` compare whole values, < <= > >= numbers, which a run without one never is, and times.
 * A minus turns a term round.
 */
export function parseFilter(text: string, fields: readonly Field[]): RunFilter {
  const terms = splitTerms(text).map((term) => parseTerm(term, fields));
  const tests = terms.filter((term) => typeof term === "function");
  return {
    matches: (run) => tests.every((test) => test(run)),
    faults: terms.filter((term) => typeof term === "string"),
  };
}

/** Splits at spaces, but not inside of quotes. */
const splitTerms = (text: string): readonly string[] => text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];

const OPERATION = /^([^<>=!:"]+)(<=|>=|!=|<|>|=|:)(.*)$/s;

function parseTerm(term: string, fields: readonly Field[]): Test | string {
  if (term.startsWith("-") && term.length > 1) {
    const test = parseTerm(term.slice(1), fields);
    return typeof test === "string" ? test : (run) => !test(run);
  }
  const [, name, operator, rest] = OPERATION.exec(term) ?? [];
  if (name === undefined || operator === undefined) {
    const wanted = unquote(term).toLowerCase();
    return (run) => run.name.toLowerCase().includes(wanted);
  }
  const field = findField(fields, name);
  if (!field) return `no run has ${name}`;
  const wanted = unquote(rest ?? "");
  if (wanted === "") return `${name}${operator} wants a value`;
  const number = numberIn(wanted);
  if (!/[<>]/.test(operator)) return (run) => isAlike(operator, field.read(run), wanted, number);
  if (field.isTime) return (run) => isInOrder(operator, compareTexts(field.read(run), wanted));
  if (number === null) return `${name}${operator} wants a number`;
  return (run) => isInOrder(operator, difference(field.read(run), number));
}

const unquote = (text: string) => text.replaceAll('"', "");

/** `50%` is 0.5; null where a text is no number. */
function numberIn(text: string): number | null {
  const [, digits, percent] = /^(.*?)(%?)$/s.exec(text)!;
  const number = asNumber(digits!);
  if (typeof number !== "number") return null;
  return percent ? number / 100 : number;
}

function isAlike(operator: string, value: FieldValue, wanted: string, number: number | null): boolean {
  if (operator === ":") return value !== null && String(value).toLowerCase().includes(wanted.toLowerCase());
  const other = typeof value === "number" && number !== null ? number : wanted.toLowerCase();
  const isSame = value !== null && compareValues(lower(value), other) === 0;
  return (operator === "=") === isSame;
}

const lower = (value: string | number) => (typeof value === "string" ? value.toLowerCase() : value);

/** Below, at or above 0; NaN, which is neither, where there is nothing to compare. */
const difference = (value: FieldValue, number: number) => (typeof value === "number" ? value - number : Number.NaN);
const compareTexts = (value: FieldValue, text: string) =>
  typeof value === "string" ? compareValues(value, text) : Number.NaN;

const isInOrder = (operator: string, order: number) =>
  (operator.startsWith("<") ? order < 0 : order > 0) || (operator.endsWith("=") && order === 0);
