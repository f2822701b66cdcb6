import type { CommandModule } from "yargs";
import type { AnswerChange } from "../../recipes/clean-answers.ts";
import { harmless } from "../../util/cut.ts";
import { printJson, printLog, printTable, printText } from "../output.ts";
import { helpWithSettings, readSettings, runTableJob, type SettingsArgs, settingsOptions } from "../table-job.ts";

interface CleanArgs extends SettingsArgs {
  predictions: string;
  output: string;
  test: string | undefined;
  rules: string | undefined;
  explain: boolean;
}

/** `amlc clean`: what a model wrote, in the challenge's form. */
export const cleanCommand: CommandModule<object, CleanArgs> = {
  command: "clean <predictions>",
  describe: 'Bring raw answers into the form "x unit" and write a submission',
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      settingsOptions(y)
        .positional("predictions", { type: "string", demandOption: true, describe: "table with index, prediction" })
        .option("output", { alias: "o", type: "string", demandOption: true, describe: "the submission" })
        .option("test", { type: "string", describe: "table with index and entity_name, if the predictions have none" })
        .option("rules", {
          type: "string",
          describe: "YAML file of rules in place of the package's rules/answers.yaml",
        })
        .option("explain", {
          type: "boolean",
          default: false,
          describe: "print every answer that changed, and by what",
        })
        .example("$0 clean raw_predictions.csv --test test.csv -o submission.csv", "34g becomes 34 gram")
        .example("$0 clean raw.csv -o submission.csv --set answers.range=min", "100 volt for 100-240V"),
      ["answers"],
      helpWanted,
    ),
  async handler({ predictions, output, test, rules, explain, json, ...args }) {
    const { cleanAnswers } = await import("../../recipes/clean-answers.ts");
    const { answers: settings } = await readSettings({ ...args, json });
    const files = {
      input: predictions,
      output,
      ...(test !== undefined && { test }),
      ...(rules !== undefined && { rules }),
    };
    const changes: AnswerChange[] = [];
    const onChange = (change: AnswerChange) =>
      void (json ? changes.push(change) : printText(harmless(explainChange(change))));
    const report = await runTableJob((job) =>
      cleanAnswers({ ...files, settings, ...(explain && { onChange }), ...job }),
    );
    if (json) return printJson({ ...report, ...(explain && { changes }) });
    printTable(report.rules.map(({ rule, answers, example }) => ({ rule, answers, example })));
    const { rows, changed, answered, emptied, without_entity } = report;
    printLog(`${report.file}: ${rows} rows, ${answered} answered; ${changed} changed, ${emptied} of them to no answer`);
    if (without_entity > 0) {
      printLog(`${without_entity} rows without entity_name: any unit is taken; --test names the table that has it`);
    }
  },
};

function explainChange({ line, index, entity, before, after, steps }: AnswerChange): string {
  const rules = steps.map((step) => `  ${step.rule}: ${shorten(step.before)} → ${shorten(step.after)}`);
  return [
    `line ${line}, index ${index}${entity ? `, ${entity}` : ""}: ${shorten(before)} → ${shorten(after)}`,
    ...rules,
  ].join("\n");
}

const shorten = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
