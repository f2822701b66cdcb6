import type { CommandModule } from "yargs";
import { BLOCK_BITS, BLOCK_SIZES } from "../../../model/weight-blocks.ts";
import { showBytes } from "../../byte-progress.ts";
import { printJson, printLog, printTable } from "../../output.ts";

interface QuantizeArgs {
  folder: string;
  output: string;
  bits: (typeof BLOCK_BITS)[number];
  block: (typeof BLOCK_SIZES)[number] | undefined;
  json: boolean;
}

/** `amlc model quantize`: a base in a quarter of its memory, to be trained with LoRA. */
export const modelQuantizeCommand: CommandModule<object, QuantizeArgs> = {
  command: "quantize <folder>",
  describe: "Write a base with its matrices in 8 or 4 bits, to train adapters on",
  builder: (y) =>
    y
      .positional("folder", { type: "string", demandOption: true, describe: "Hugging Face folder of a PaliGemma" })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "folder to write" })
      .option("bits", {
        choices: BLOCK_BITS,
        demandOption: true,
        requiresArg: true,
        describe: "of a number of a linear layer; the table of embeddings has 8 in any case",
      })
      .option("block", {
        choices: BLOCK_SIZES,
        requiresArg: true,
        describe: "numbers that share a scale; by default 64 with 8 bits, 32 with 4",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model quantize checkpoints/paligemma -o checkpoints/q4 --bits 4", "in 0.36 of the bytes of halves"),
  async handler({ folder, output, bits, block, json }) {
    const { quantizeModel } = await import("../../../recipes/quantize-model.ts");
    const options = { folder, output, bits, ...(block && { block }) };
    const report = await showBytes("MB", "stopping; nothing of it stays", (onWritten, signal) =>
      quantizeModel({ ...options, onWritten, signal }),
    );
    if (json) return printJson(report);
    printTable(
      report.kinds.map(({ part, kind, bits, parameters, error }) => ({
        ...{ part, layer: kind, bits, numbers: parameters.toLocaleString("en") },
        error: `${(100 * error).toFixed(2)} %`,
      })),
    );
    const { parameters, bytes, share, files } = report;
    const size = `${(bytes / 1e6).toFixed(1)} MB, ${share.toFixed(3)} of what halves take`;
    printLog(`${output}: ${parameters.toLocaleString("en")} numbers in blocks of ${report.block}, ${size}`);
    printLog(`written: ${files.join(", ")}`);
  },
};
