import type { CommandModule } from "yargs";
import { printJson, printTable } from "../output.ts";

interface ScoreArgs {
  predictions: string;
  truth: string;
  json: boolean;
}

/** `amlc score`: compare answers made anywhere with the truth. */
export const scoreCommand: CommandModule<object, ScoreArgs> = {
  command: "score <predictions>",
  describe: "Compute the challenge's F1 of a predictions CSV",
  builder: (y) =>
    y
      .positional("predictions", { type: "string", demandOption: true, describe: "CSV with index, prediction" })
      .option("truth", {
        type: "string",
        demandOption: true,
        describe: "CSV with entity_value, and index or one row each",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 score predictions.csv --truth val.csv", "F1 over all rows and by entity"),
  async handler({ predictions, truth, json }) {
    const { scoreFiles } = await import("../../recipes/score.ts");
    const { by_entity, ...overall } = await scoreFiles({ predictions, truth });
    if (json) return printJson({ ...overall, by_entity });
    const rows = Object.entries(by_entity).map(([entity, score]) => ({ entity, ...score }));
    printTable([{ entity: "all", ...overall }, ...rows]);
  },
};
