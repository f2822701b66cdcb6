import type { CommandModule } from "yargs";
import type { MergedDtype } from "../../../export/merged.ts";
import { printJson, printLog, printText } from "../../output.ts";
import { runTableJob } from "../../table-job.ts";
import { type ExportArgs, exportOptions } from "./options.ts";

interface MergedArgs extends ExportArgs {
  dtype: MergedDtype;
}

/** `amlc export merged`: a run's model as one Hugging Face folder. */
export const exportMergedCommand: CommandModule<object, MergedArgs> = {
  command: "merged",
  describe: "Write base and adapter of a run as one model: a Hugging Face folder",
  builder: (y) =>
    exportOptions(y)
      .option("dtype", {
        choices: ["fp32", "fp16", "bf16"] as const,
        default: "fp32" as const,
        requiresArg: true,
        describe: "type of the weights in the files; the sum itself is float32",
      })
      .example("$0 export merged --run quiet-otter-17 -o merged/", "for transformers, vLLM or as a new base")
      .example("$0 export merged --run quiet-otter-17 -o merged/ --dtype bf16", "in half the bytes"),
  async handler({ run, output, checkpoint, set, dtype, json }) {
    const { exportMerged } = await import("../../../recipes/export.ts");
    const options = { run, output, sets: set, dtype, ...(checkpoint && { checkpoint }) };
    const report = await runTableJob((job) => exportMerged({ ...options, ...job }));
    if (json) return printJson(report);
    const { folder, parameters, bytes, files } = report;
    printText(`${folder}: ${parameters.toLocaleString("en")} numbers, ${(bytes / 1e6).toFixed(1)} MB`);
    printLog(`written: ${files.join(", ")}`);
  },
};
