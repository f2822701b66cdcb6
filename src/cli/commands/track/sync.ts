import type { CommandModule } from "yargs";
import type { SyncedRun } from "../../../recipes/track-sync.ts";
import { onInterrupt } from "../../interrupt.ts";
import { printJson, printText } from "../../output.ts";
import { showProgress } from "../../progress.ts";

interface SyncArgs {
  runs: string[];
  json: boolean;
}

/** `amlc track sync`: what of a run Weights & Biases does not have. */
export const trackSyncCommand: CommandModule<object, SyncArgs> = {
  command: "sync <runs..>",
  describe: "Send what Weights & Biases does not have of runs; started again, it goes on",
  builder: (y) =>
    y
      .positional("runs", {
        type: "string",
        array: true,
        demandOption: true,
        describe: "folders or names of runs, or folders with runs in them",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 track sync quiet-otter-17", "a run that was trained offline, or lost its network")
      .example("$0 track sync experiments", "all runs in a folder")
      .epilogue(
        "The key is WANDB_API_KEY, or that of `wandb login`; another server than wandb.ai is WANDB_BASE_URL.\n" +
          "Entity and project are those that the run was trained with.",
      ),
  async handler({ runs, json }) {
    const { trackSync } = await import("../../../recipes/track-sync.ts");
    const progress = showProgress();
    const { signal, release } = onInterrupt(() => progress.note("stopping"));
    const observer = {
      note: progress.note,
      sent: (done: number, total: number, bytes: number) =>
        progress.step({ unit: "rows", done, total: Math.max(1, total), ...(bytes > 0 && { bytes }) }),
    };
    try {
      const report = await trackSync({ paths: runs, signal, observer });
      progress.stop();
      if (json) printJson(report);
      else printText(report.runs.map(describe).join("\n"));
    } finally {
      release();
      progress.stop();
    }
  },
};

function describe({ folder, page, rows, error }: SyncedRun): string {
  const what = rows === 0 ? "no row was left to send" : `${rows} rows are sent`;
  return [`${folder}: ${error ?? what}`, ...(page ? [`  ${page}`] : [])].join("\n");
}
