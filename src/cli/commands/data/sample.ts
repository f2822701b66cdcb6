import type { CommandModule } from "yargs";
import type { SampleShare } from "../../../data/sample.ts";
import { printJson, printLog, printTable, type TableRow } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";
import { readShare } from "../../val-option.ts";

interface SampleArgs extends SettingsArgs {
  table: string;
  output: string;
  size: number | undefined;
  seed: number | undefined;
  val: string | undefined;
  clean: boolean;
  units: boolean;
}

/** `amlc data sample`: as many rows as there is time to train on, balanced. */
export const dataSampleCommand: CommandModule<object, SampleArgs> = {
  command: "sample <table>",
  describe: "Draw a sample that is balanced over entities, units and groups",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", demandOption: true, describe: "training rows: CSV, CSV.gz or Parquet" })
        .option("output", { alias: "o", type: "string", demandOption: true, describe: "table of the sample" })
        .option("size", {
          type: "number",
          requiresArg: true,
          describe: "rows to draw; a smaller sample is the beginning of a larger one",
        })
        .option("seed", { type: "number", requiresArg: true, describe: "seed of the order of rows" })
        .option("val", {
          type: "string",
          describe: "images to leave out, as in data split: a share, or a table; by default what data split left",
        })
        .option("clean", {
          type: "boolean",
          default: false,
          describe: "draw from the rows that data clean would leave, without writing these",
        })
        .option("units", { type: "boolean", default: false, describe: "also print a line for each unit" })
        .example("$0 data sample clean.csv --size 6500 -o balanced-6500.csv", "no image of clean-val.csv is in it")
        .example("$0 data sample train.csv --clean --size 6500 -o balanced-6500.csv", "from raw rows at once")
        .example("$0 data sample clean.csv --size 500 --val 0 --set sample.units=uniform -o s.csv", "of all rows"),
      ["sample", "split", "clean"],
      helpWanted,
    ),
  async handler({ table, output, size, seed, val, clean, units, json, ...args }) {
    const { sampleTable } = await import("../../../recipes/data/sample.ts");
    const settings = await readSettings({ ...args, json }, { "sample.size": size, "sample.seed": seed });
    const options = { input: table, output, settings, clean, ...readShare(val) };
    const report = await runTableJob((job) => sampleTable({ ...options, ...job }));
    if (json) return printJson(report);
    printTable(withShares(report.entities));
    if (units) printTable(withShares(report.units));
    printLog(`${report.file}: ${report.rows} of ${report.candidates} rows, seed ${report.seed}`);
    printLog(report.split);
    if (report.clean) printLog(`${report.clean.dropped} rows dropped by the rules of data clean`);
  },
};

function withShares(lines: readonly SampleShare[]): TableRow[] {
  const sum = (key: "rows" | "taken") => lines.reduce((total, line) => total + line[key], 0);
  const [rows, taken] = [sum("rows"), sum("taken")];
  return lines.map(({ entity, unit, ...line }) => ({
    ...{ entity, ...(unit !== undefined && { unit: unit || "(none)" }) },
    ...{ rows: line.rows, share: (line.rows / rows).toFixed(4), taken: line.taken },
    ...{ share_taken: (line.taken / taken).toFixed(4), groups: line.groups, groups_taken: line.groups_taken },
  }));
}
