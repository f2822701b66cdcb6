import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";

interface PartsArgs extends SettingsArgs {
  table: string;
  parts: number | undefined;
  output: string | undefined;
}

/** `amlc data parts`: a test table in pieces for machines side by side. */
export const dataPartsCommand: CommandModule<object, PartsArgs> = {
  command: "parts <table>",
  describe: "Cut a test table into parts of the same work, to answer them side by side",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", demandOption: true, describe: "rows with index and image_link" })
        .option("parts", { type: "number", requiresArg: true, describe: "how many; all rows of an image are in one" })
        .option("output", { alias: "o", type: "string", describe: "folder of the parts; by default the table's" })
        .example("$0 data parts test.csv --parts 4", "test-part-1-of-4.csv to 4, and test-parts.json for data join"),
      ["parts"],
      helpWanted,
    ),
  async handler({ table, parts: count, output, json, ...args }) {
    const { cutParts } = await import("../../../recipes/data/parts.ts");
    const { parts } = await readSettings({ ...args, json }, { "parts.parts": count });
    const options = { input: table, ...parts, ...(output !== undefined && { folder: output }) };
    const report = await runTableJob((job) => cutParts({ ...options, ...job }));
    if (json) return printJson(report);
    printTable(report.parts);
    printLog(`written: ${report.manifest}`);
  },
};
