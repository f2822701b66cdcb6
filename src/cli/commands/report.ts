import type { CommandModule } from "yargs";
import { printJson, printLog, printText } from "../output.ts";

interface ReportArgs {
  run: string;
  split: string;
  html: string | undefined;
  json: boolean;
}

/** `amlc report`: one run as a page. */
export const reportCommand: CommandModule<object, ReportArgs> = {
  command: "report <run>",
  describe: "Write a page about a run: loss, scores, confused units, best and worst rows",
  builder: (y) =>
    y
      .positional("run", { type: "string", demandOption: true, describe: "name or path of a run" })
      .option("split", { type: "string", default: "val", describe: "the answers to show, as in amlc eval" })
      .option("html", { type: "string", describe: "the page; by default report.html in the run's folder" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 report quiet-otter-17", "prints where the page is"),
  async handler({ run, split, html, json }) {
    const { reportRun } = await import("../../recipes/report.ts");
    const report = await reportRun({ run: String(run), split, ...(html !== undefined && { html }) });
    if (json) return printJson(report);
    for (const note of report.notes) printLog(note);
    printText(report.html);
  },
};
