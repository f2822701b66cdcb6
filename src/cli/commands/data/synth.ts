import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";

interface SynthArgs extends SettingsArgs {
  table: string | undefined;
  output: string;
  images: string;
  size: number | undefined;
  count: number | undefined;
  seed: number | undefined;
  random: number | undefined;
}

/** `amlc data synth`: drawn product labels for real rows, or for random quantities. */
export const dataSynthCommand: CommandModule<object, SynthArgs> = {
  command: "synth [table]",
  describe: "Draw a product label for each row; started again, it draws what is missing",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", describe: "training rows: CSV, CSV.gz or Parquet" })
        .option("output", {
          alias: "o",
          type: "string",
          demandOption: true,
          describe: "table of the rows with their pictures; OUTPUT-text tells what stands on each, and where",
        })
        .option("images", { type: "string", demandOption: true, describe: "folder of the pictures; made if missing" })
        .option("size", { type: "number", requiresArg: true, describe: "edge of a picture, in pixels" })
        .option("count", {
          type: "number",
          requiresArg: true,
          describe: "rows to draw; beyond those of the table each is drawn again, and looks otherwise",
        })
        .option("seed", { type: "number", requiresArg: true, describe: "seed of what is drawn" })
        .option("random", {
          type: "number",
          requiresArg: true,
          describe: "draw so many random quantities instead of a table's, to learn to read from",
        })
        .example("$0 data synth balanced-6500.csv -o synth.csv --images synth/", "a label for each row")
        .example("$0 data synth clean.csv -o s.csv --images s/ --count 500 --size 224", "for the first 500 rows")
        .example("$0 data synth --random 50000 -o read.csv --images read/", "read-text.csv has texts and places")
        .example("$0 data synth b.csv -o s.csv --images s/ --set synth.noise=0 --set synth.blurred=0", "sharp ones"),
      ["synth"],
      helpWanted,
    ),
  async handler({ table, output, images, size, count, seed, random, json, ...args }) {
    const { synthTable } = await import("../../../recipes/data/synth.ts");
    const { synth: settings } = await readSettings({ ...args, json }, { "synth.size": size, "synth.seed": seed });
    const source = {
      ...(table !== undefined && { input: table }),
      ...(count !== undefined && { count }),
      ...(random !== undefined && { random }),
    };
    const report = await runTableJob((job) => synthTable({ ...source, output, images, settings, ...job }));
    if (json) return printJson(report);
    const { rows, drawn, present, left_out, repeated, seconds } = report;
    printTable([{ rows, drawn, present, left_out, repeated, seconds: seconds.toFixed(1) }]);
    printLog(`${report.file}: ${rows} rows, seed ${report.seed}; their pictures are in ${images}`);
    printLog(`${report.text_file}: what stands on each picture, and where`);
  },
};
