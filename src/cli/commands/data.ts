import type { Argv, CommandModule } from "yargs";
import { dataCleanCommand } from "./data/clean.ts";
import { dataDownloadCommand } from "./data/download.ts";
import { dataJoinCommand } from "./data/join.ts";
import { dataPartsCommand } from "./data/parts.ts";
import { dataQuestionsCommand } from "./data/questions.ts";
import { dataSampleCommand } from "./data/sample.ts";
import { dataSettingsCommand } from "./data/settings.ts";
import { dataSplitCommand } from "./data/split.ts";
import { dataStatsCommand } from "./data/stats.ts";
import { dataSynthCommand } from "./data/synth.ts";

/** `amlc data`: from raw rows to a clean, balanced sample with its photographs, and a test table in parts. */
export const dataCommand: CommandModule = {
  command: "data",
  describe: "Look at, clean, split and sample tables, fetch their photographs",
  builder: (y: Argv) =>
    y
      .command(dataStatsCommand)
      .command(dataCleanCommand)
      .command(dataSplitCommand)
      .command(dataSampleCommand)
      .command(dataDownloadCommand)
      .command(dataSynthCommand)
      .command(dataQuestionsCommand)
      .command(dataPartsCommand)
      .command(dataJoinCommand)
      .command(dataSettingsCommand)
      .demandCommand(1, "no subcommand given")
      .example("$0 data clean train.csv -o clean.csv", "rows whose label can be an answer")
      .example("$0 data sample clean.csv --size 6500 -o balanced-6500.csv", "a balanced sample of them"),
  handler: () => {},
};
