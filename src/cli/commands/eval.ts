import type { CommandModule } from "yargs";
import type { CalibrationReport } from "../../recipes/calibrate.ts";
import { harmless } from "../../util/cut.ts";
import { printJson, printLog, printTable } from "../output.ts";
import { showRun } from "../run-display.ts";

interface EvalArgs {
  run: string;
  split: string;
  checkpoint: "best" | "last" | undefined;
  calibrate: boolean;
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
      .option("split", { type: "string", default: "val", describe: "train, val, or a CSV file with truth" })
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
      .option("calibrate", {
        type: "boolean",
        default: false,
        describe: "fit what confidences mean, and from which one an answer raises F1, to these rows",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 eval --run quiet-otter-17 --split val", "F1 over all rows and by entity")
      .example("$0 eval --run quiet-otter-17 --calibrate", "unlikely answers are left blank from now on, if that helps")
      .example("$0 eval --run quiet-otter-17 --split more.csv --set data.images=photos", "other rows and photographs"),
  async handler({ run, split, checkpoint, calibrate, set, json }) {
    const { evaluate } = await import("../../recipes/evaluate.ts");
    const display = showRun();
    const options = { run, split, sets: set, calibrate, observer: display.observer, ...(checkpoint && { checkpoint }) };
    const { score, bad, files, calibration } = await evaluate(options).finally(display.stop);
    const { by_entity, ...overall } = score;
    if (json) return printJson({ ...overall, bad_rows: bad.length, by_entity, ...(calibration && { calibration }) });
    printTable([
      { entity: "all", ...overall },
      ...Object.entries(by_entity).map(([entity, counts]) => ({ entity, ...counts })),
    ]);
    if (bad.length > 0) {
      const { line, reason } = bad[0]!;
      printLog(harmless(`rows passed over, and not in the score: ${bad.length}; the first: line ${line}: ${reason}`));
    }
    if (calibration) printCalibration(calibration);
    printLog(`written: ${[...files, ...(calibration?.files ?? [])].join(", ")}`);
  },
};

function printCalibration({ before, after, ece_before, ece_after, ...found }: CalibrationReport): void {
  printTable(
    before.bins.map(({ from, to, rows, confidence, accuracy }) => ({
      ...{ confidence: `${from.toFixed(1)} to ${to.toFixed(1)}`, rows, "mean confidence": confidence, right: accuracy },
    })),
  );
  printLog(`calibration error: ${ece_before.toFixed(3)}, calibrated ${ece_after.toFixed(3)} (${after.rows} answers)`);
  const { threshold, empty_truths, f1_before, f1_after } = found;
  printLog(
    empty_truths === 0
      ? "every row has a truth: an answer never hurts, and none is left blank"
      : `answers less likely than ${threshold.toFixed(3)} to be right are left blank: F1 ${f1_before.toFixed(4)} -> ${f1_after.toFixed(4)} here`,
  );
}
