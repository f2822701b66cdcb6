import type { Argv, CommandModule } from "yargs";
import { modelConvertCommand } from "./model/convert.ts";
import { modelInitCommand } from "./model/init.ts";
import { modelInspectCommand } from "./model/inspect.ts";
import { modelMakeCommand } from "./model/make.ts";
import { modelPullCommand } from "./model/pull.ts";
import { modelQuantizeCommand } from "./model/quantize.ts";

/** `amlc model`: bases on disk. */
export const modelCommand: CommandModule = {
  command: "model",
  describe: "Fetch bases, look at them, convert and make them",
  builder: (y: Argv) =>
    y
      .command(modelPullCommand)
      .command(modelInspectCommand)
      .command(modelConvertCommand)
      .command(modelQuantizeCommand)
      .command(modelInitCommand)
      .command(modelMakeCommand)
      .demandCommand(1, "no subcommand given"),
  handler: () => {},
};
