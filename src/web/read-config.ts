import { readFileSync } from "node:fs";
import { loadConfig, parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readYaml, yaml } from "../config/source.ts";
import { flattenSettings } from "../report/settings.ts";
import { memo } from "../util/memo.ts";

/** What a configuration says; `fault` where it cannot be read. */
export interface ReadConfig {
  readonly config: Config | null;
  /** By dotted key, as text; of a configuration that this version does not know, what is written. */
  readonly settings: Readonly<Record<string, string>>;
  readonly fault: string | null;
}

/** Reads the configuration of a run. Runs have most of theirs in common, and what was parsed once is not parsed again. */
export function readConfig(path: string): ReadConfig {
  try {
    const config = readAlike(path) ?? loadConfig({ config: path });
    return { config, settings: flattenSettings(config), fault: null };
  } catch (error) {
    return { config: null, settings: settingsAsWritten(path), fault: (error as Error).message };
  }
}

function settingsAsWritten(path: string): Readonly<Record<string, string>> {
  try {
    return flattenSettings(readYaml(path).values);
  } catch {
    return {};
  }
}

/** What reaches from one group of keys into another, and what is not as amlc writes it. */
const UNPLAIN = /(?:^|[\s:,[{-])[&*!%]|[\t\r]|^---|^\.\.\.|^[^a-z ]/m;
const OPTIONS = { prettyErrors: false, logLevel: "error" } as const;
const parsePart = memo((text) => yaml().parse(text, OPTIONS) as Record<string, unknown>, 10_000);

/** A plain configuration, part by part; undefined for any other, and for one with a fault, which has to be told with its place. */
function readAlike(path: string): Config | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return UNPLAIN.test(text) ? undefined : parseConfig(joinParts(text.split(/^(?=[a-z])/m), parseGroup), path);
  } catch {
    return undefined;
  }
}

/** A key with others below it, each a part of its own: of runs alike one or two differ. */
function parseGroup(text: string): Record<string, unknown> {
  const [, name, body] = /^([a-z_]+):\n((?: {2}[a-z].*\n(?: {3,}.*\n)*)+)$/.exec(text) ?? [];
  return name === undefined ? parsePart(text) : { [name]: joinParts(body.split(/^(?= {2}[a-z])/m), parsePart) };
}

/** @throws RangeError when a key stands there twice */
function joinParts(
  parts: readonly string[],
  parse: (text: string) => Record<string, unknown>,
): Record<string, unknown> {
  const values: Record<string, unknown> = Object.assign({}, ...parts.map(parse));
  if (Object.keys(values).length !== parts.length) throw new RangeError("keys are not one a part");
  return values;
}
