import type { Argv, CommandModule } from "yargs";
import { trackSyncCommand } from "./track/sync.ts";

/** `amlc track`: runs at Weights & Biases. */
export const trackCommand: CommandModule = {
  command: "track",
  describe: "Send runs to Weights & Biases",
  builder: (y: Argv) => y.command(trackSyncCommand).demandCommand(1, "no subcommand given"),
  handler: () => {},
};
