import type { Argv, CommandModule } from "yargs";
import { setupTensorflowCommand } from "./setup/tensorflow.ts";

/** `amlc setup`: native libraries that no package of npm brings. */
export const setupCommand: CommandModule = {
  command: "setup",
  describe: "Install what an engine needs besides npm's packages",
  builder: (y: Argv) => y.command(setupTensorflowCommand).demandCommand(1, "no subcommand given"),
  handler: () => {},
};
