import type { Argv, CommandModule } from "yargs";
import { exportOnnxCommand } from "./export/onnx.ts";

/** `amlc export`: what a run has learnt, in files of other tools. */
export const exportCommand: CommandModule = {
  command: "export",
  describe: "Write what a run has learnt for other tools: ONNX",
  builder: (y: Argv) => y.command(exportOnnxCommand).demandCommand(1, "no subcommand given"),
  handler: () => {},
};
