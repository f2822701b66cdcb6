import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";
import { readShare } from "../../val-option.ts";

interface SplitArgs extends SettingsArgs {
  table: string;
  val: string | undefined;
  seed: number | undefined;
  output: string | undefined;
}

/** `amlc data split`: rows for training and rows for validation, no image on both sides. */
export const dataSplitCommand: CommandModule<object, SplitArgs> = {
  command: "split <table>",
  describe: "Part a table into rows for training and for validation, by a hash of the image",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", demandOption: true, describe: "rows: CSV, CSV.gz or Parquet" })
        .option("val", {
          type: "string",
          describe: "share of the images for validation, or a table that has them; by default the table's column split",
        })
        .option("seed", { type: "number", requiresArg: true, describe: "seed of the choice of images" })
        .option("output", { alias: "o", type: "string", describe: "folder of the two files; by default the table's" })
        .example("$0 data split clean.csv --val 0.05", "clean-train.csv and clean-val.csv")
        .example("$0 data split train.csv --val official-val.csv", "the images of another table are for validation"),
      ["split"],
      helpWanted,
    ),
  async handler({ table, val, seed, output, json, ...args }) {
    const { splitTable } = await import("../../../recipes/data/split.ts");
    const { split: settings } = await readSettings({ ...args, json }, { "split.seed": seed });
    const options = { input: table, settings, ...readShare(val), ...(output !== undefined && { folder: output }) };
    const report = await runTableJob((job) => splitTable({ ...options, ...job }));
    if (json) return printJson(report);
    printTable([
      { side: "train", ...report.train },
      { side: "val", ...report.val },
    ]);
    printLog(report.rule);
  },
};
