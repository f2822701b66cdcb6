import type { CommandModule } from "yargs";
import { printJson, printText } from "../../output.ts";

interface ShowArgs {
  config: string | undefined;
  set: string[];
  schema: boolean;
  json: boolean;
}

/** `amlc data settings`: every setting of the data commands, as a file to start from. */
export const dataSettingsCommand: CommandModule<object, ShowArgs> = {
  command: "settings",
  describe: "Print the settings of the data commands with every default filled in",
  builder: (y) =>
    y
      .option("config", { type: "string", describe: "YAML file of settings" })
      .option("set", { type: "string", array: true, default: [], describe: "change one: --set clean.range=max" })
      .option("schema", { type: "boolean", default: false, describe: "print their JSON Schema, for editors" })
      .option("json", { type: "boolean", default: false, describe: "print JSON instead of YAML" })
      .example("$0 data settings > data.yaml", "a file for --config of the data commands"),
  async handler({ config, set, schema, json }) {
    const { formatConfig, loadDataSettings } = await import("../../../config/load.ts");
    const { configJsonSchema } = await import("../../../config/keys.ts");
    const { DataSettingsSchema } = await import("../../../config/data-schema.ts");
    if (schema) return printJson(configJsonSchema(DataSettingsSchema));
    const settings = loadDataSettings({ ...(config !== undefined && { config }), sets: set });
    json ? printJson(settings) : printText(formatConfig(settings));
  },
};
