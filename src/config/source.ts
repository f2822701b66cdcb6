import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Document, Node, YAMLError } from "yaml";
import { InputError } from "../util/errors.ts";

const require = createRequire(import.meta.url);

/** Loaded when there is YAML to read: without, settings are there in half the time. */
export const yaml = () => require("yaml") as typeof import("yaml");

/** Values as written, before any check, and where each key stands. */
export interface ConfigSource {
  readonly name: string;
  readonly values: unknown;
  /** Where the key at `path` was written: `file:line:column` or `--set key=value`; undefined when nowhere. */
  locate(path: readonly PropertyKey[]): string | undefined;
}

/** Of settings; the deepest of ours have five. */
const MOST_LEVELS = 32;
const TOO_DEEP = "is nested too deeply";

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1)));

/** @throws InputError when values are nested so deeply that no settings are meant */
export function requireShallow({ name, values }: Pick<ConfigSource, "name" | "values">): void {
  if (isDeeper(values, MOST_LEVELS)) throw tooDeep(name);
}

const tooDeep = (name: string) =>
  new InputError(`${name}: ${TOO_DEEP}`, { hint: `settings have at most ${MOST_LEVELS} levels` });

/** What YAML's reader says, but of its stack, which deep brackets use up. */
const saidBy = ({ message }: Pick<Error, "message">) => (/call stack/.test(message) ? TOO_DEEP : message);

/**
 * Reads a YAML file. A key written twice, an unknown tag or broken syntax is refused.
 * @throws InputError naming file, line and column of every fault.
 */
export function readYaml(file: string): ConfigSource {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const faults: YAMLError[] = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const text = faults.map((fault) => `${at(fault.pos[0])}: ${saidBy(fault)}`).join("\n");
    throw new InputError(text, { hint: "mend the YAML; strings with : or # in them need quotes" });
  }
  return {
    name: file,
    values: toValues(file, document),
    locate: (path) => {
      const offset = keyOffset(document, path);
      return offset === undefined ? undefined : at(offset);
    },
  };
}

/** An empty file has no values; one whose aliases multiply without end is refused. */
function toValues(file: string, document: Document): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    throw new InputError(`${file}: ${saidBy(cause as Error)}`, { cause });
  }
}

/**
 * `source` with one `--set train.lr=1e-4` laid over it. The value is YAML: `null`, `[0.9, 0.95]` and `"1"` mean what
 * they mean there.
 */
export function override(source: ConfigSource, assignment: string): ConfigSource {
  const equals = assignment.indexOf("=");
  const keys = assignment.slice(0, Math.max(0, equals)).trim().split(".");
  if (keys.some((key) => key === "")) {
    throw new InputError(`--set ${assignment}: not of the form key=value`, { hint: "for example --set train.lr=1e-4" });
  }
  if (keys.length > MOST_LEVELS) throw tooDeep(`--set ${assignment}`);
  const setsKey = (path: readonly PropertyKey[]) => keys.every((key, i) => path[i] === key);
  const makesGroup = (path: readonly PropertyKey[]) =>
    path.every((key, i) => keys[i] === key) && !isGroup(valueAt(source.values, path));
  return {
    name: source.name,
    values: withValue(source.values, keys, parseValue(assignment, equals)),
    locate: (path) => (setsKey(path) || makesGroup(path) ? `--set ${assignment}` : source.locate(path)),
  };
}

function parseValue(assignment: string, equals: number): unknown {
  try {
    const values: unknown = yaml().parse(assignment.slice(equals + 1), { prettyErrors: false });
    requireShallow({ name: `--set ${assignment}`, values });
    return values;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`--set ${assignment}: ${saidBy(cause as Error)}`, { hint: "quote the value", cause });
  }
}

/** The value at `path`, undefined when there is none. */
export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((node, key) => (isGroup(node) && Object.hasOwn(node, key) ? node[key] : undefined), values);
}

/** Own keys alone are followed and set, so that `__proto__` is one more unknown key. */
function withValue(node: unknown, [key, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const group = isGroup(node) ? node : {};
  return { ...group, [key]: rest.length === 0 ? value : withValue(valueAt(group, [key]), rest, value) };
}

function isGroup(node: unknown): node is Record<PropertyKey, unknown> {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new InputError(`${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Offset of the last key of `path`, if the file holds it. */
function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const { isMap, isScalar } = yaml();
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === part) : undefined;
    if (!pair) return undefined;
    offset = (pair.key as Node).range?.[0];
    node = pair.value;
  }
  return offset;
}
