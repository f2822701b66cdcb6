import type { CommandModule } from "yargs";
import { harmless } from "../../../util/cut.ts";
import { formatCount } from "../../../util/format-number.ts";
import { showBytes } from "../../byte-progress.ts";
import { printJson, printLog, printText } from "../../output.ts";

interface PullArgs {
  model: string;
  output: string | undefined;
  revision: string | undefined;
  json: boolean;
}

/** `amlc model pull`: a base or an adapter from the Hugging Face hub. */
export const modelPullCommand: CommandModule<object, PullArgs> = {
  command: "pull <model>",
  describe: "Fetch a base or an adapter from the Hugging Face hub; started again, it goes on where it was",
  builder: (y) =>
    y
      .positional("model", { type: "string", demandOption: true, describe: "org/name, as in the address of its page" })
      .option("output", { alias: "o", type: "string", requiresArg: true, describe: "by default checkpoints/NAME" })
      .option("revision", { type: "string", requiresArg: true, describe: "branch, tag or commit, by default main" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model pull google/paligemma-3b-ft-docvqa-448", "into checkpoints/paligemma-3b-ft-docvqa-448")
      .example("$0 model pull google/paligemma-3b-pt-448 --revision float16", "half precision: 5.85 GB")
      .epilogue(
        "The token of a gated model is taken from HF_TOKEN, HUGGING_FACE_HUB_TOKEN or the file of hf auth login, and sent to " +
          "the hub alone. HF_ENDPOINT names another hub.",
      ),
  async handler({ model, output, revision, json }) {
    const { pullModel } = await import("../../../recipes/pull-model.ts");
    const choices = { ...(output !== undefined && { output }), ...(revision !== undefined && { revision }) };
    const report = await showBytes("MB fetched", "stopping; what has come is kept", (onFetched, signal, note) =>
      pullModel({ model, ...choices, onFetched, signal, note }),
    );
    for (const fault of report.faults) printLog(harmless(`${report.folder}: ${fault}`));
    if (json) return printJson(report);
    const { folder, kind, parameters, bytes, commit } = report;
    const size = `${formatCount(parameters)} numbers, ${(bytes / 1e6).toFixed(1)} MB`;
    printText(harmless(`${folder}: ${kind} of ${size}, ${model} at ${commit.slice(0, 12)}`));
  },
};
