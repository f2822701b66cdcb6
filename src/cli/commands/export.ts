import type { Argv, CommandModule } from "yargs";
import { exportAdapterCommand } from "./export/adapter.ts";
import { exportMergedCommand } from "./export/merged.ts";
import { exportOnnxCommand } from "./export/onnx.ts";

/** `amlc export`: what a run has learnt, in files of other tools. */
export const exportCommand: CommandModule = {
  command: "export",
  describe: "Write what a run has learnt for other tools: ONNX, a merged model, an adapter",
  builder: (y: Argv) =>
    y
      .command(exportOnnxCommand)
      .command(exportMergedCommand)
      .command(exportAdapterCommand)
      .demandCommand(1, "no subcommand given"),
  handler: () => {},
};
