import type { CommandModule } from "yargs";
import { printJson, printText } from "../../output.ts";

interface JoinArgs {
  files: string[];
  parts: string;
  output: string;
  json: boolean;
}

/** `amlc data join`: answers to the parts of a table, as one. */
export const dataJoinCommand: CommandModule<object, JoinArgs> = {
  command: "join <files..>",
  describe: "Put answers to the parts of a table together; gaps, overlaps and foreign rows are refused",
  builder: (y) =>
    y
      .positional("files", { type: "string", array: true, demandOption: true, describe: "one file a part, any order" })
      .option("parts", { type: "string", demandOption: true, describe: "the NAME-parts.json that data parts wrote" })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "table of all rows, in order" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example(
        "$0 data join answers-*.csv --parts test-parts.json -o answers.csv",
        "answers in the test table's order",
      ),
  async handler({ files, parts, output, json }) {
    const { joinTables } = await import("../../../recipes/data/parts.ts");
    const report = await joinTables({ files, manifest: parts, output });
    json ? printJson(report) : printText(`${report.file}: ${report.rows} rows`);
  },
};
