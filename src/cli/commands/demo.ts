import type { CommandModule } from "yargs";
import { onInterrupt } from "../interrupt.ts";
import { printJson, printText } from "../output.ts";
import { showRun } from "../run-display.ts";

/** `amlc demo`: train, evaluate and draw, with nothing to prepare. */
export const demoCommand: CommandModule<object, { json: boolean }> = {
  command: "demo",
  describe: "Train on real product photographs that ship with amlc, and show what was learnt",
  builder: (y) =>
    y
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 demo", "a minute on a laptop; everything is kept in experiments/"),
  async handler({ json }) {
    const { demo } = await import("../../recipes/demo.ts");
    const display = showRun();
    const { signal, release } = onInterrupt(() => display.observer.note("stopping after this step"));
    const result = await demo({ observer: display.observer, signal }).finally(() => {
      release();
      display.stop();
    });
    if (json) return printJson(result);
    const { run, steps, first_loss, last_loss, before, after, loss_curve } = result;
    printText(`loss        ${first_loss.toFixed(2)} → ${last_loss.toFixed(2)} in ${steps} steps`);
    printText(
      `F1          ${before.f1.toFixed(3)} → ${after.f1.toFixed(3)} on the ${after.rows} rows trained on (${after.tp} right)`,
    );
    printText(`loss curve  ${loss_curve}`);
    printText(`answers     ${run}/predictions-train.csv`);
    printText(`next        amlc eval --run ${run} --split val`);
  },
};
