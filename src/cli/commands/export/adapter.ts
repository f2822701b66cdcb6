import type { CommandModule } from "yargs";
import { ADAPTER_DIALECTS, type AdapterDialect } from "../../../model/weight-names.ts";
import { printJson, printLog, printText } from "../../output.ts";
import { runTableJob } from "../../table-job.ts";
import { type ExportArgs, exportOptions } from "./options.ts";

interface AdapterArgs extends ExportArgs {
  dialect: AdapterDialect;
}

/** `amlc export adapter`: a run's adapter for PEFT. */
export const exportAdapterCommand: CommandModule<object, AdapterArgs> = {
  command: "adapter",
  describe: "Write a run's adapter as PEFT loads it beside some release of transformers",
  builder: (y) =>
    exportOptions(y)
      .option("dialect", {
        choices: ADAPTER_DIALECTS,
        default: "transformers>=5.6" as const,
        requiresArg: true,
        describe: "the release that will load it: names of modules differ",
      })
      .example("$0 export adapter --run quiet-otter-17 -o adapter/", "for the newest transformers")
      .example(
        '$0 export adapter --run quiet-otter-17 -o old/ --dialect "transformers<4.52"',
        "for a server that was never updated",
      ),
  async handler({ run, output, checkpoint, set, dialect, json }) {
    const { exportAdapter } = await import("../../../recipes/export.ts");
    const options = { run, output, sets: set, dialect, ...(checkpoint && { checkpoint }) };
    const report = await runTableJob((job) => exportAdapter({ ...options, ...job }));
    if (json) return printJson(report);
    printText(`${report.folder}: an adapter of ${report.parameters.toLocaleString("en")} numbers, for ${dialect}`);
    printLog(`written: ${report.files.join(", ")}`);
  },
};
