import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../../table-job.ts";

interface CleanArgs extends SettingsArgs {
  table: string;
  output: string;
  dropped: string | undefined;
}

/** `amlc data clean`: labels that cannot be right, or are not of the official form, by rule. */
export const dataCleanCommand: CommandModule<object, CleanArgs> = {
  command: "clean <table>",
  describe: "Drop or mend rows whose label cannot be an answer, each rule with its policy",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("table", { type: "string", demandOption: true, describe: "training rows: CSV, CSV.gz or Parquet" })
        .option("output", { alias: "o", type: "string", demandOption: true, describe: "table of the rows that stay" })
        .option("dropped", { type: "string", describe: "table of the others; by default OUTPUT-dropped" })
        .example("$0 data clean train.csv -o clean.csv", "rows that stay, and clean-dropped.csv")
        .example("$0 data clean train.csv -o clean.csv --set clean.range=max", "240.0 volt for [100.0, 240.0] volt"),
      ["clean"],
      helpWanted,
    ),
  async handler({ table, output, dropped, json, ...args }) {
    const { cleanTable } = await import("../../../recipes/data/clean.ts");
    const { clean: settings } = await readSettings({ ...args, json });
    const files = { input: table, output, ...(dropped !== undefined && { dropped }) };
    const report = await runTableJob((job) => cleanTable({ ...files, settings, ...job }));
    if (json) return printJson(report);
    const counts = ["rows", "dropped", "changed", "kept", "odd"] as const;
    const sum = (key: (typeof counts)[number]) => report.rules.reduce((total, rule) => total + rule[key], 0);
    const [rows, dropped_rows, changed, kept, odd] = counts.map(sum);
    printTable([
      ...report.rules.map(({ finds, examples, ...rule }) => ({ ...rule, example: examples[0]?.slice(0, 40) ?? null })),
      { rule: "all", policy: "", rows, dropped: dropped_rows, changed, kept, odd, example: null },
    ]);
    printLog('odd: labels that are not of the official form "x unit"');
    printLog(`${report.file}: ${report.rows_out} of ${report.rows_in} rows, ${report.changed} of them changed`);
    printLog(`${report.dropped_file}: ${report.dropped} rows, each with its line and rule`);
  },
};
