import type { CommandModule } from "yargs";
import { harmless } from "../../util/cut.ts";
import { AmlcError } from "../../util/errors.ts";
import { printJson, printText } from "../output.ts";

interface SanityArgs {
  submission: string;
  test: string | undefined;
  json: boolean;
}

/** `amlc sanity`: would the challenge take this submission? */
export const sanityCommand: CommandModule<object, SanityArgs> = {
  command: "sanity <submission>",
  describe: "Check a submission as the challenge does, and more; every fault with its line",
  builder: (y) =>
    y
      .positional("submission", { type: "string", demandOption: true, describe: "CSV with index, prediction" })
      .option("test", { type: "string", describe: "the test table: its indices, and the units of its entities" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 sanity submission.csv --test test.csv", "exit code 1 when something is wrong"),
  async handler({ submission, test, json }) {
    const { sanity } = await import("../../recipes/sanity.ts");
    const report = await sanity({ submission, ...(test !== undefined && { test }) });
    const { faults, rows, answered } = report;
    if (!json)
      for (const { line, fault } of faults) printText(harmless(line === null ? fault : `line ${line}: ${fault}`));
    if (faults.length > 0) {
      const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
      const hint = "amlc clean brings answers into the form that is wanted";
      throw new AmlcError(`${submission}: ${count}: this submission would be refused`, { exitCode: 1, hint, report });
    }
    json ? printJson(report) : printText(`${submission}: ${rows} rows, ${answered} answered, no fault`);
  },
};
