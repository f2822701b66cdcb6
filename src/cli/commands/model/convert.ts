import type { CommandModule } from "yargs";
import type { MergedDtype } from "../../../export/merged.ts";
import { BASE_DIALECTS, type BaseDialect } from "../../../model/base-dialects.ts";
import { showBytes } from "../../byte-progress.ts";
import { printJson, printLog, printText } from "../../output.ts";

interface ConvertArgs {
  folder: string;
  output: string;
  dtype: MergedDtype;
  dialect: BaseDialect;
  json: boolean;
}

/** `amlc model convert`: a base in another type, or under other names. */
export const modelConvertCommand: CommandModule<object, ConvertArgs> = {
  command: "convert <folder>",
  describe: "Write a base anew in another type or under other names, a weight at a time",
  builder: (y) =>
    y
      .positional("folder", { type: "string", demandOption: true, describe: "Hugging Face folder of a PaliGemma" })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "folder to write" })
      .option("dtype", {
        choices: ["fp16", "bf16", "fp32"] as const,
        demandOption: true,
        requiresArg: true,
        describe: "type of the weights in the files; fp16 refuses what is beyond ±65504",
      })
      .option("dialect", {
        choices: BASE_DIALECTS,
        default: "hub" as const,
        requiresArg: true,
        describe: "names of the weights: every release of transformers reads those of the hub",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model convert checkpoints/paligemma -o checkpoints/half --dtype fp16", "in half the bytes"),
  async handler({ folder, output, dtype, dialect, json }) {
    const { convertModel } = await import("../../../recipes/convert-model.ts");
    const report = await showBytes("MB", "stopping; nothing of it stays", (onWritten, signal) =>
      convertModel({ folder, output, dtype, dialect, onWritten, signal }),
    );
    if (json) return printJson(report);
    const { parameters, bytes, files } = report;
    printText(`${output}: ${parameters.toLocaleString("en")} numbers in ${dtype}, ${(bytes / 1e6).toFixed(1)} MB`);
    printLog(`written: ${files.join(", ")}`);
  },
};
