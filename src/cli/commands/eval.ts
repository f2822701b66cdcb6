import type { CommandModule } from "yargs";
import { printJson, printLog, printTable } from "../output.ts";
import { showRun } from "../run-display.ts";

interface EvalArgs {
  run: string;
  split: string;
  checkpoint: "best" | "last" | undefined;
  set: string[];
  json: boolean;
}

/** `amlc eval`: answers of a run's adapter to a split, scored. */
export const evalCommand: CommandModule<object, EvalArgs> = {
  command: "eval",
  describe: "Answer the rows of a split with a run's adapter and score the answers",
  builder: (y) =>
    y
      .option("run", { type: "string", demandOption: true, describe: "name or path of a run" })
      .option("split", { type: "string", default: "val", describe: "train, val, all, or a CSV file with truth" })
      .option("checkpoint", {
        type: "string",
        choices: ["best", "last"] as const,
        describe: "which adapter of the run; by default the best, or the last while there is no best",
      })
      .option("set", {
        type: "string",
        array: true,
        default: [],
        describe: "change a setting of the run: --set eval.batch=8",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 eval --run quiet-otter-17 --split val", "F1 over all rows and by entity")
      .example("$0 eval --run quiet-otter-17 --split more.csv --set data.images=photos", "other rows and photographs"),
  async handler({ run, split, checkpoint, set, json }) {
    const { evaluate } = await import("../../recipes/evaluate.ts");
    const display = showRun();
    const options = { run, split, sets: set, observer: display.observer, ...(checkpoint && { checkpoint }) };
    const { score, bad, files } = await evaluate(options).finally(display.stop);
    const { by_entity, ...overall } = score;
    if (json) return printJson({ ...overall, bad_rows: bad.length, by_entity });
    printTable([
      { entity: "all", ...overall },
      ...Object.entries(by_entity).map(([entity, counts]) => ({ entity, ...counts })),
    ]);
    if (bad.length > 0) {
      const { line, reason } = bad[0]!;
      printLog(`rows passed over, and not in the score: ${bad.length}; the first: line ${line}: ${reason}`);
    }
    printLog(`written: ${files.join(", ")}`);
  },
};
