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
 * `:` is "has this text", `=` and `!=` compare whole values, < <= > >= numbers. A minus turns a term round.
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
  return (run) => compare(operator, field.read(run), wanted);
}

const unquote = (text: string) => text.replaceAll('"', "");

function compare(operator: string, value: FieldValue, wanted: string): boolean {
  const isSame = value !== null && compareValues(lower(value), lower(asNumber(wanted))) === 0;
  if (operator === "!=") return !isSame;
  if (value === null) return false;
  if (operator === "=") return isSame;
  if (operator === ":") return String(value).toLowerCase().includes(wanted.toLowerCase());
  const order = compareValues(value, asNumber(wanted));
  return (operator.startsWith("<") ? order < 0 : order > 0) || (operator.endsWith("=") && order === 0);
}

const lower = (value: string | number) => (typeof value === "string" ? value.toLowerCase() : value);
