import { stringify } from "yaml";
import { InputError } from "../util/errors.ts";
import { describeFault } from "./faults.ts";
import { findConfig } from "./presets.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { type ConfigSource, override, readYaml } from "./source.ts";

/**
 * Reads, overrides and checks a configuration.
 * @param config a path from the working folder, or the name of a preset
 * @param sets overrides such as `train.lr=1e-4`, later ones winning
 * @throws InputError which lists every fault with its place
 */
export function loadConfig({ config, sets = [] }: { config: string; sets?: readonly string[] }): Config {
  return checkConfig(sets.reduce(override, readYaml(findConfig(config))));
}

/** Checks an object given by a program rather than a file: missing keys are filled in, all faults are listed. */
export function parseConfig(values: unknown): Config {
  return checkConfig({ name: "configuration", values, locate: () => undefined });
}

/** A configuration as YAML that `loadConfig` reads back to the same values. */
export function formatConfig(config: Config): string {
  return stringify(config, { lineWidth: 0 });
}

function checkConfig(source: ConfigSource): Config {
  const result = ConfigSchema.safeParse(source.values);
  if (result.success) return result.data;
  const faults = [...new Set(result.error.issues.flatMap((issue) => describeFault(issue, source)))];
  throw new InputError(faults.join("\n"), { hint: '"amlc train --help" lists every key with its default' });
}
