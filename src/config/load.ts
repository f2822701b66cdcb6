import type { z } from "zod";
import { InputError } from "../util/errors.ts";
import { type DataSettings, DataSettingsSchema } from "./data-schema.ts";
import { describeFault } from "./faults.ts";
import { configKeys } from "./keys.ts";
import { findConfig } from "./presets.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { type ConfigSource, override, readYaml, requireShallow, yaml } from "./source.ts";

/**
 * Reads, overrides and checks a configuration.
 * @param config a path from the working folder, or the name of a preset
 * @param sets overrides such as `train.lr=1e-4`, later ones winning
 * @throws InputError which lists every fault with its place
 */
export function loadConfig({ config, sets = [] }: { config: string; sets?: readonly string[] }): Config {
  return check(ConfigSchema, sets.reduce(override, readYaml(findConfig(config))), TRAIN_HELP);
}

/**
 * Checks an object given by a program rather than a file: missing keys are filled in, all faults are listed. `name` stands
 * for it in them; `sets` change it as in {@link loadConfig}.
 */
export function parseConfig(values: unknown, name?: string, sets: readonly string[] = []): Config {
  return check(ConfigSchema, sets.reduce(override, fromProgram(values, name)), TRAIN_HELP);
}

/** Reads a YAML file of another kind. @throws InputError which lists every fault with its place */
export function checkYaml<S extends z.ZodType>(schema: S, file: string, hint: string): z.output<S> {
  return check(schema, readYaml(file), hint);
}

/**
 * Settings of the data commands: a YAML file or none, changed by `sets` such as `clean.range=max`.
 * @throws InputError which lists every fault with its place
 */
export function loadDataSettings({
  config,
  sets = [],
}: {
  config?: string;
  sets?: readonly string[];
} = {}): DataSettings {
  const source = config === undefined ? fromProgram({}) : readYaml(config);
  return check(DataSettingsSchema, sets.reduce(override, source), DATA_HELP);
}

/** The same for an object given by a program. */
export function parseDataSettings(values: unknown = {}): DataSettings {
  return check(DataSettingsSchema, fromProgram(values), DATA_HELP);
}

/** Settings as YAML that the loader reads back to the same values. */
export function formatConfig(config: Config | DataSettings): string {
  return yaml().stringify(config, { lineWidth: 0 });
}

const TRAIN_HELP = '"amlc train --help" lists every key with its default';
const DATA_HELP = '"amlc data settings" prints every key with its default';

const fromProgram = (values: unknown, name = "configuration"): ConfigSource => ({
  ...{ name, values },
  locate: () => undefined,
});

function check<S extends z.ZodType>(schema: S, source: ConfigSource, hint: string): z.output<S> {
  requireShallow(source);
  const result = schema.safeParse(source.values);
  if (result.success) return result.data;
  const keys = configKeys(schema);
  const faults = [...new Set(result.error.issues.flatMap((issue) => describeFault(issue, source, keys)))];
  throw new InputError(faults.join("\n"), { hint });
}
