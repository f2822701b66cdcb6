import type { CommandModule } from "yargs";
import { InputError } from "../../../util/errors.ts";
import { printJson, printText } from "../../output.ts";

interface InitArgs {
  like: string;
  output: string;
  seed: number;
  dtype: "fp16" | "fp32";
  range: number;
  json: boolean;
}

/** `amlc model init`: a base that has learnt nothing, to be trained with tune: all. */
export const modelInitCommand: CommandModule<object, InitArgs> = {
  command: "init <like>",
  describe: "Write a base with random weights, as transformers starts them",
  builder: (y) =>
    y
      .positional("like", {
        type: "string",
        demandOption: true,
        describe: "folder with config.json, tokenizer.json and preprocessor_config.json of the model to make",
      })
      .option("output", { alias: "o", type: "string", demandOption: true, describe: "folder to write" })
      .option("seed", { type: "number", default: 0, requiresArg: true, describe: "seed of the weights" })
      .option("dtype", { choices: ["fp32", "fp16"] as const, default: "fp32" as const, describe: "type in the files" })
      .option("range", {
        type: "number",
        default: 0.02,
        requiresArg: true,
        describe: "standard deviation of the language model's matrices; small models learn sooner from 0.06",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model init checkpoints/tiny --seed 1 -o fresh", "a tiny base, its numbers others"),
  async handler({ like, output, seed, dtype, range, json }) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new InputError(`--seed ${seed}: wanted is a whole number from 0 to ${0xffff_ffff}`);
    }
    if (!(range > 0)) throw new InputError(`--range ${range}: wanted is a number above 0`);
    const { initModel } = await import("../../../recipes/init-model.ts");
    const report = await initModel({ like, output, seed, dtype, range });
    if (json) return printJson(report);
    printText(`${report.folder}: ${report.parameters.toLocaleString("en")} random numbers, seed ${seed}`);
  },
};
