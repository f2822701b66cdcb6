import type { Argv } from "yargs";
import type { DataSettings, DataSettingsGroup } from "../config/data-schema.ts";
import type { TableJob } from "../recipes/data/table-job.ts";
import { onInterrupt } from "./interrupt.ts";
import { showRun } from "./run-display.ts";

/** What every command over a table takes besides its own options. */
export interface SettingsArgs {
  config: string | undefined;
  set: string[];
  json: boolean;
}

/** `--config`, `--set` and `--json`. */
export function settingsOptions<T>(y: Argv<T>): Argv<T & SettingsArgs> {
  return y
    .option("config", { type: "string", describe: "YAML file of settings (see: amlc data settings)" })
    .option("set", { type: "string", array: true, default: [], describe: "change a setting, listed below" })
    .option("json", { type: "boolean", default: false, describe: "print one JSON document" });
}

/** Adds the settings of a group to the help of a command, when help is asked for: the table takes a while to lay out. */
export async function helpWithSettings<T>(
  command: Argv<T>,
  groups: readonly DataSettingsGroup[],
  helpWanted = false,
): Promise<Argv<T>> {
  if (!helpWanted) return command;
  const { renderKeyTable } = await import("./key-table.ts");
  const { configKeys } = await import("../config/keys.ts");
  const { DataSettingsSchema } = await import("../config/data-schema.ts");
  const keys = configKeys(DataSettingsSchema);
  const shown = groups.flatMap((group) => keys.filter(({ name }) => name.startsWith(`${group}.`)));
  return command.epilogue(`Settings:\n${renderKeyTable(shown, 100)}`);
}

/** The settings of file and `--set`; `flags` are options that stand for one, and win. @throws InputError listing every fault */
export async function readSettings(
  { config, set }: SettingsArgs,
  flags: Readonly<Record<string, number | undefined>> = {},
): Promise<DataSettings> {
  const { loadDataSettings } = await import("../config/load.ts");
  const given = Object.entries(flags).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return loadDataSettings({ ...(config !== undefined && { config }), sets: [...set, ...given] });
}

/** Runs a job with its progress on the terminal; Ctrl-C ends it. */
export async function runTableJob<T>(work: (job: Required<TableJob>) => Promise<T>): Promise<T> {
  const display = showRun();
  const { signal, release } = onInterrupt(() => display.observer.note("stopping"));
  try {
    return await work({ observer: display.observer, signal });
  } finally {
    release();
    display.stop();
  }
}
