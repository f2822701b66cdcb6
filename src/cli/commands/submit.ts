import type { CommandModule } from "yargs";
import type { SubmitReport } from "../../recipes/submit.ts";
import { harmless } from "../../util/cut.ts";
import { AmlcError } from "../../util/errors.ts";
import { printJson, printLog, printTable, printText } from "../output.ts";
import { givenParts, type PartArgs, partOptions } from "../part-options.ts";
import { helpWithSettings, readSettings, runTableJob } from "../table-job.ts";

interface SubmitArgs extends PartArgs {
  "allow-private": boolean | undefined;
  "retry-images": boolean;
  rules: string | undefined;
}

/** `amlc submit`: from a test table to a submission. */
export const submitCommand: CommandModule<object, SubmitArgs> = {
  command: "submit <test>",
  describe: "From a test table to a submission: fetch images, answer, clean, check; it goes on where it was",
  builder: (y, helpWanted?: boolean) =>
    helpWithSettings(
      partOptions(y, {
        output: "the submission",
        images: "folder of the photographs; by default WORK/images",
        work: "folder of all that is made on the way; by default OUTPUT-work",
        fresh: "answer anew; photographs are kept",
        set: "change a setting of the run (eval.batch=8), or one of those below",
      })
        .option("allow-private", { type: "boolean", describe: "also ask loopback, private and link-local addresses" })
        .option("retry-images", {
          type: "boolean",
          default: false,
          describe: "ask again for photographs that could not be fetched",
        })
        .option("rules", {
          type: "string",
          describe: "YAML file of rules in place of the package's rules/answers.yaml",
        })
        .example("$0 submit test.csv --run quiet-otter-17 -o submission.csv", "all of it; given again, it goes on")
        .example("$0 submit test.csv --run r -o s.csv --set answers.range=min", "100 volt for 100-240V")
        .example("$0 submit test.csv --run r -o s.csv --set 'download.hosts=[m.media-amazon.com]'", "one host alone"),
      ["download", "answers"],
      helpWanted,
    ),
  async handler(args) {
    const { submit } = await import("../../recipes/submit.ts");
    const { set, json, rules, "allow-private": allowPrivate } = args;
    const isOfData = (assignment: string) => /^\s*(download|answers)\./.test(assignment);
    const settings = await readSettings({ config: undefined, set: set.filter(isOfData), json });
    const allowed = allowPrivate ?? settings.download.allow_private;
    const options = {
      ...givenParts(args),
      retryImages: args["retry-images"],
      sets: set.filter((assignment) => !isOfData(assignment)),
      settings: { answers: settings.answers, download: { ...settings.download, allow_private: allowed } },
      ...(rules !== undefined && { rules }),
    };
    const submitted = runTableJob((job) => submit({ ...options, ...job }));
    const report = await submitted.catch((error: unknown) => {
      if (!json && error instanceof AmlcError && error.exitCode === 1) showReport(error.report as SubmitReport);
      throw error;
    });
    json ? printJson(report) : showReport(report);
  },
};

const SHOWN = 5;

function showReport({ file, rows, images, answered, blank, faults, sanity, score, ...report }: SubmitReport): void {
  const { cleaning, faults_file } = report;
  printLog(`photographs: ${images.there} of ${images.links} there, ${images.missing} missing (see ${images.manifest})`);
  for (const { reason, images: count, example } of images.reasons.slice(0, SHOWN)) {
    printLog(harmless(`  ${count}: ${reason}, as ${example}`));
  }
  if (faults.length > 0) printLog(`rows that cannot be asked about: ${faults.length}, each in ${faults_file}`);
  for (const { line, reason } of faults.slice(0, SHOWN)) printLog(harmless(`  line ${line}: ${reason}`));
  printTable(cleaning.rules.slice(0, SHOWN).map(({ rule, answers, example }) => ({ rule, answers, example })));
  if (score) {
    const { by_entity, ...overall } = score;
    const entities = Object.entries(by_entity).map(([entity, counts]) => ({ entity, ...counts }));
    printTable([{ entity: "all", ...overall }, ...entities]);
  }
  for (const { line, fault } of sanity.faults.slice(0, SHOWN)) {
    printText(harmless(line === null ? fault : `line ${line}: ${fault}`));
  }
  const verdict = sanity.faults.length === 0 ? "the challenge's check finds no fault" : "the challenge would refuse it";
  const shy = blank > 0 ? `, ${blank} left blank` : "";
  printLog(`${file}: ${rows} rows, ${answered} answered${shy}, ${cleaning.changed} brought into form; ${verdict}`);
}
