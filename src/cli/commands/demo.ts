import type { CommandModule } from "yargs";
import { onInterrupt } from "../interrupt.ts";
import { printJson, printText } from "../output.ts";
import { showRun } from "../run-display.ts";

/** `amlc demo`: train, evaluate and draw, with nothing to prepare. */
export const demoCommand: CommandModule<object, { json: boolean; set: string[] | undefined }> = {
  command: "demo",
  describe: "Teach a small model that ships with amlc to answer, and show what it learnt",
  builder: (y) =>
    y
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 demo", "two minutes on a laptop; everything is kept in experiments/")
      .option("set", { type: "string", array: true, describe: "change a setting of lora-r8-nano-2500" })
      .example("$0 demo --set train.max_steps=50", "sooner done, and less learnt"),
  async handler({ json, set }) {
    const { demo } = await import("../../recipes/demo.ts");
    const display = showRun();
    const { signal, release } = onInterrupt(() => display.observer.note("stopping after this step"));
    const result = await demo({ observer: display.observer, signal, sets: set ?? [] }).finally(() => {
      release();
      display.stop();
    });
    if (json) return printJson(result);
    const { runFolder } = await import("../../runs/folder.ts");
    const { run, steps, first_loss, last_loss, before, after, loss_curve, report } = result;
    printText(`loss        ${first_loss.toFixed(2)} → ${last_loss.toFixed(2)} in ${steps} steps`);
    printText(
      `F1          ${before.f1.toFixed(3)} → ${after.f1.toFixed(3)} on ${after.rows} rows not trained on (${after.tp} right)`,
    );
    printText(`loss curve  ${loss_curve}`);
    printText(`answers     ${runFolder(run).predictions("val")}`);
    printText(`report      ${report}`);
  },
};
