import type { CommandModule } from "yargs";
import { printJson, printLog } from "../../output.ts";
import { runTableJob } from "../../table-job.ts";

interface StatsArgs {
  table: string;
  html: string | undefined;
  json: boolean;
}

/** `amlc data stats`: what is in a table, before anything is done with it. */
export const dataStatsCommand: CommandModule<object, StatsArgs> = {
  command: "stats <table>",
  describe: "Count what is in a table: entities, units, numbers, groups, odd and repeated labels",
  builder: (y) =>
    y
      .positional("table", { type: "string", demandOption: true, describe: "rows: CSV, CSV.gz or Parquet" })
      .option("html", { type: "string", describe: "write a page of tables and charts, too" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 data stats train.csv --html train.html", "tables here, tables and charts in the page")
      .example("$0 data stats test.csv --json", "entities and groups of a table without values"),
  async handler({ table, html, json }) {
    const { dataStats } = await import("../../../recipes/data/stats.ts");
    const stats = await runTableJob((job) => dataStats({ input: table, ...(html !== undefined && { html }), ...job }));
    if (json) printJson(stats);
    else (await import("../../stats-tables.ts")).printStats(stats);
    if (html !== undefined) printLog(`page: ${html}`);
  },
};
