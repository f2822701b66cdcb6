import type { Argv } from "yargs";

/** What every export is told. */
export interface ExportArgs {
  run: string;
  output: string;
  checkpoint: "best" | "last" | undefined;
  set: string[];
  json: boolean;
}

export function exportOptions<T>(y: Argv<T>): Argv<T & ExportArgs> {
  return y
    .option("run", { type: "string", demandOption: true, describe: "name or path of a run" })
    .option("output", {
      alias: "o",
      type: "string",
      demandOption: true,
      describe: "folder to write; an earlier export in it is replaced",
    })
    .option("checkpoint", {
      type: "string",
      choices: ["best", "last"] as const,
      describe: "which of the run's; by default the best, or the last while there is no best",
    })
    .option("set", {
      type: "string",
      array: true,
      default: [] as string[],
      describe: "change a setting of the run: --set base=elsewhere/paligemma",
    })
    .option("json", { type: "boolean", default: false, describe: "print one JSON document" });
}
