import type { CommandModule } from "yargs";
import type { RerunReport } from "../../recipes/rerun.ts";
import { AmlcError } from "../../util/errors.ts";
import { onInterrupt } from "../interrupt.ts";
import { printJson, printTable, printText } from "../output.ts";
import { showRun } from "../run-display.ts";

interface RerunArgs {
  run: string;
  name: string | undefined;
  steps: number | undefined;
  json: boolean;
}

/** `amlc rerun`: does a run come out the same again? */
export const rerunCommand: CommandModule<object, RerunArgs> = {
  command: "rerun <run>",
  describe: "Repeat a run, and tell whether its history is the same bit for bit",
  builder: (y) =>
    y
      .positional("run", { type: "string", demandOption: true, describe: "name or path of a run, finished or not" })
      .option("steps", { type: "number", describe: "repeat its first steps alone, at their learning rates" })
      .option("name", { type: "string", describe: "of the new run beside it; by default RUN-rerun" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document at the end" })
      .example("$0 rerun quiet-otter-17", "exit code 1 when a loss, gradient or score is another")
      .example("$0 rerun quiet-otter-17 --steps 20", "sooner known: a run that differs mostly does so at once"),
  async handler({ run, name, steps, json }) {
    const { rerun } = await import("../../recipes/rerun.ts");
    const display = showRun();
    const { signal, release } = onInterrupt(() =>
      display.observer.note("stopping after this step; press Ctrl-C again to stop at once"),
    );
    let report: RerunReport;
    try {
      const options = { ...(name !== undefined && { name }), ...(steps !== undefined && { steps }) };
      report = await rerun({ run: String(run), ...options, observer: display.observer, signal });
    } finally {
      release();
      display.stop();
    }
    if (!json) printReport(report);
    if (!report.equal) throw refuse(report);
    if (json) printJson(report);
  },
};

function printReport({ rerun, steps, fields, equal, difference, environment }: RerunReport): void {
  printTable([{ rerun, steps, fields: fields.length, history: equal ? "equal" : "differs" }]);
  if (difference) {
    const { step, field, before, again } = difference;
    printText("");
    printTable([{ step, field, before: exact(before), again: exact(again) }]);
  }
  if (environment.length === 0) return;
  printText("");
  printTable(environment.map(({ name, before, again }) => ({ environment: name, before, again })));
}

/** Every digit: the last one may be the difference. */
const exact = (value: unknown): string | null => (value === undefined ? null : String(value));

function refuse(report: RerunReport): AmlcError {
  const { step, field } = report.difference!;
  const changed = report.environment.length > 0 ? "the environment is another; " : "";
  return new AmlcError(`${report.run} is not reproduced: ${field} differs at step ${step}`, {
    hint: `${changed}base, photographs and lora.init_adapter have no checksums: they may be others, too`,
    exitCode: 1,
    report,
  });
}
