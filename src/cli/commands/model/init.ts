import type { CommandModule } from "yargs";
import { InputError } from "../../../util/errors.ts";
import { showBytes } from "../../byte-progress.ts";
import { printJson, printText } from "../../output.ts";

interface InitArgs {
  like: string;
  output: string;
  seed: number;
  dtype: "fp16" | "fp32" | undefined;
  range: number;
  tokenizer: string | undefined;
  json: boolean;
}

/** No number is drawn further out than nine times this: fp16 ends at 65504. */
const MAX_RANGE = 1000;

/** `amlc model init`: a base that has learnt nothing, to be trained with tune: all, or to try a size before it is fetched. */
export const modelInitCommand: CommandModule<object, InitArgs> = {
  command: "init <like>",
  describe: "Write a base with random weights, as transformers starts them",
  builder: (y) =>
    y
      .positional("like", {
        type: "string",
        demandOption: true,
        describe:
          "folder with config.json, tokenizer.json and preprocessor_config.json of the model to make, " +
          "or a name on the hub such as google/paligemma-3b-ft-docvqa-448, for which no network is needed",
      })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "folder to write" })
      .option("seed", { type: "number", default: 0, requiresArg: true, describe: "seed of the weights" })
      .option("dtype", {
        choices: ["fp32", "fp16"] as const,
        describe: "type in the files, by default fp32, and fp16 for a name on the hub",
      })
      .option("range", {
        type: "number",
        default: 0.02,
        requiresArg: true,
        describe: "standard deviation of the language model's matrices; small models learn sooner from 0.06",
      })
      .option("tokenizer", {
        type: "string",
        requiresArg: true,
        describe: "tokenizer.json of Gemma or PaliGemma to use, for instance for a name on the hub",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model init checkpoints/tiny --seed 1 -o fresh", "a tiny base, its numbers others")
      .example("$0 model init google/paligemma-3b-ft-docvqa-448 -o checkpoints/3b-random", "5.85 GB in fp16"),
  async handler({ seed, dtype, range, tokenizer, json, ...places }) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new InputError(`--seed ${seed}: wanted is a whole number from 0 to ${0xffff_ffff}`);
    }
    if (!(range > 0 && range <= MAX_RANGE)) {
      throw new InputError(`--range ${range}: wanted is a number above 0, and ${MAX_RANGE} at most`);
    }
    const { initModel } = await import("../../../recipes/init-model.ts");
    const { like, output } = places;
    const choices = { ...(dtype && { dtype }), ...(tokenizer !== undefined && { tokenizer }) };
    const report = await showBytes("MB", "stopping; nothing of it stays", (onDrawn, signal) =>
      initModel({ like, output, seed, range, ...choices, onDrawn, signal }),
    );
    if (json) return printJson(report);
    const numbers = `${report.parameters.toLocaleString("en")} random numbers in ${report.dtype}`;
    printText(`${report.folder}: ${numbers}, seed ${seed}`);
  },
};
