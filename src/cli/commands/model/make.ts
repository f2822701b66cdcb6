import type { CommandModule } from "yargs";
import { onInterrupt } from "../../interrupt.ts";
import { printJson, printLog, printTable } from "../../output.ts";
import { formatDuration } from "../../progress.ts";
import { showRun } from "../../run-display.ts";

interface MakeArgs {
  like: string;
  output: string;
  work: string | undefined;
  json: boolean;
}

/** `amlc model make`: a base from nothing, by its recipe. */
export const modelMakeCommand: CommandModule<object, MakeArgs> = {
  command: "make <like>",
  describe: "Make a base from nothing by its recipe: drawn labels, questions about them, stages of training",
  builder: (y) =>
    y
      .positional("like", {
        type: "string",
        demandOption: true,
        describe: "folder with recipe.yaml, config.json, tokenizer.json and preprocessor_config.json",
      })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "folder to write" })
      .option("work", {
        type: "string",
        describe: "folder of pictures and stages, by default OUTPUT-work; started again, the command goes on there",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document at the end" })
      .example("$0 model make checkpoints/nano -o remade", "the nano base anew: two hours on two cores")
      .example("$0 model make my-base -o my-base-1 --work /scratch/my-base", "a recipe of your own"),
  async handler({ like, output, work, json }) {
    const { makeBase } = await import("../../../recipes/make-base.ts");
    const display = showRun();
    const { signal, release } = onInterrupt(() =>
      display.observer.note("stopping; the same command goes on from here"),
    );
    const options = { like, output, ...(work !== undefined && { work }), observer: display.observer, signal };
    const report = await makeBase(options).finally(() => {
      release();
      display.stop();
    });
    if (json) return printJson(report);
    const rows = report.stages.map(({ name, steps, loss, seconds }) => ({
      ...{ stage: name, steps, loss: loss.toFixed(4), time: formatDuration(seconds) },
    }));
    printTable(rows);
    printLog(`${report.folder}: ${report.parameters.toLocaleString("en")} numbers, in half precision`);
  },
};
