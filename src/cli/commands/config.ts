import type { Argv, CommandModule } from "yargs";
import { printJson, printTable, printText } from "../output.ts";

interface ShowArgs {
  config: string;
  set: string[];
  json: boolean;
}

const show: CommandModule<object, ShowArgs> = {
  command: "show",
  describe: "Print a configuration with every default filled in",
  builder: (y) =>
    y
      .option("config", { type: "string", demandOption: true, describe: "YAML file or name of a preset" })
      .option("set", { type: "string", array: true, default: [], describe: "change one key: --set train.lr=1e-4" })
      .option("json", { type: "boolean", default: false, describe: "print JSON instead of YAML" })
      .example("$0 config show --config lora-r8-tiny > mine.yaml", "a file to start your own from")
      .example("$0 config show --config lora-r8-tiny --set lora.rank=16", "a preset with one change"),
  async handler({ config, set, json }) {
    const { formatConfig, loadConfig } = await import("../../config/load.ts");
    const resolved = loadConfig({ config, sets: set });
    json ? printJson(resolved) : printText(formatConfig(resolved));
  },
};

const schema: CommandModule = {
  command: "schema",
  describe: "Print the JSON Schema of a configuration, for editors",
  builder: (y) => y.example("$0 config schema > amlc.schema.json", "a file for an editor's YAML support"),
  async handler() {
    const { configJsonSchema } = await import("../../config/keys.ts");
    printJson(configJsonSchema());
  },
};

const list: CommandModule<object, { json: boolean }> = {
  command: "list",
  describe: "List the presets",
  builder: (y) =>
    y
      .option("json", { type: "boolean", default: false, describe: "print JSON instead of a table" })
      .example("$0 config list", "names that --config takes"),
  async handler({ json }) {
    const { listPresets } = await import("../../config/presets.ts");
    const presets = listPresets().map(({ name, description }) => ({ name, description }));
    json ? printJson(presets) : printTable(presets);
  },
};

/** `amlc config`: look at configurations without running anything. */
export const configCommand: CommandModule = {
  command: "config",
  describe: "Show, list and describe configurations",
  builder: (y: Argv) =>
    y
      .command(show)
      .command(schema)
      .command(list)
      .demandCommand(1, "no subcommand given")
      .example("$0 config list", "the presets"),
  handler: () => {},
};
