import type { Argv, CommandModule } from "yargs";
import { modelInitCommand } from "./model/init.ts";
import { modelMakeCommand } from "./model/make.ts";

/** `amlc model`: bases on disk. */
export const modelCommand: CommandModule = {
  command: "model",
  describe: "Make bases",
  builder: (y: Argv) => y.command(modelInitCommand).command(modelMakeCommand).demandCommand(1, "no subcommand given"),
  handler: () => {},
};
