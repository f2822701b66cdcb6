import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../../output.ts";
import { helpWithSettings, readSettings, type SettingsArgs, settingsOptions } from "../../table-job.ts";

interface QuestionsArgs extends SettingsArgs {
  pictures: string;
  output: string;
  seed: number | undefined;
}

/** `amlc data questions`: rows to learn to read from, about drawn pictures. */
export const dataQuestionsCommand: CommandModule<object, QuestionsArgs> = {
  command: "questions <pictures>",
  describe: "Ask about the text of drawn pictures: rows to learn to read from",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("pictures", {
          type: "string",
          demandOption: true,
          describe: "table of amlc data synth; PICTURES-text must be beside it",
        })
        .option("output", { alias: "o", type: "string", demandOption: true, describe: "table of the questions" })
        .option("seed", { type: "number", requiresArg: true, describe: "seed of what is asked" })
        .example("$0 data questions read.csv -o questions.csv", "ocr, after NET WT, before kg")
        .example("$0 data questions read.csv -o q.csv --set questions.per_picture=1", "one for each picture"),
      ["questions"],
      helpWanted,
    ),
  async handler({ pictures, output, seed, json, ...args }) {
    const { askQuestions } = await import("../../../recipes/data/questions.ts");
    const { questions: settings } = await readSettings({ ...args, json }, { "questions.seed": seed });
    const report = await askQuestions({ input: pictures, output, settings });
    if (json) return printJson(report);
    printTable([{ pictures: report.pictures, rows: report.rows, ...report.kinds }]);
    printLog(`${report.file}: ${report.rows} rows, seed ${report.seed}`);
  },
};
