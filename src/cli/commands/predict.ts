import type { CommandModule } from "yargs";
import type { PredictReport } from "../../recipes/predict.ts";
import { harmless } from "../../util/cut.ts";
import { InputError } from "../../util/errors.ts";
import { printJson, printLog, printTable, printText } from "../output.ts";
import { givenParts, type PartArgs, partOptions } from "../part-options.ts";
import { runTableJob } from "../table-job.ts";

interface PredictArgs extends PartArgs {
  part: string | undefined;
}

/** `amlc predict`: answers to a whole test table. */
export const predictCommand: CommandModule<object, PredictArgs> = {
  command: "predict <test>",
  describe: "Answer a test table in parts side by side; started again, it goes on where it was",
  builder: (y) =>
    partOptions(y, {
      output: "table of the answers",
      images: "folder of the photographs; by default the run's data.images",
      work: "folder to keep answers in on the way; by default OUTPUT-work",
      fresh: "begin anew, whatever is in that folder",
      set: "change a setting of the run: --set eval.batch=8",
    })
      .option("part", { type: "string", describe: "answer one part alone, as 2/4; amlc data join joins them" })
      .example("$0 predict test.csv --run quiet-otter-17 --images photos -o raw.csv", "index, prediction, confidence")
      .example("$0 predict test.csv --run quiet-otter-17 --part 2/4 -o raw-2.csv", "on the second of four machines")
      .example("$0 predict test.csv --run r -o raw.csv --set decode.constrain=units", "units of the entity alone"),
  async handler({ part, ...args }) {
    const { predict } = await import("../../recipes/predict.ts");
    const { output, json } = args;
    const one = part === undefined ? undefined : parsePart(part, args.parts);
    const options = { ...givenParts(args), sets: args.set, ...(one && { part: one.part, parts: one.parts }) };
    const report = await runTableJob((job) => predict({ ...options, ...job }));
    const join = one && report.manifest !== null ? joinCommand(output, one, report.manifest) : null;
    if (json) return printJson({ ...report, join_command: join });
    showReport(report);
    if (join !== null) printLog(`once all ${one!.parts} parts are answered: ${join}`);
  },
};

interface OnePart {
  readonly part: number;
  readonly parts: number;
}

/** @throws InputError for what is no part of a number of parts, or of another number than --parts */
function parsePart(text: string, parts: number | undefined): OnePart {
  const [, part, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  if (part === undefined) throw new InputError(`--part ${text}: is not of the form 2/4`);
  if (parts !== undefined && parts !== Number(of)) {
    throw new InputError(`--part ${text} and --parts ${parts} do not agree`, { hint: "--part alone is enough" });
  }
  return { part: Number(part), parts: Number(of) };
}

/** With the answers to the other parts by the name of this one, where the part's number is in it. */
function joinCommand(output: string, { part, parts }: OnePart, manifest: string): string {
  const [, before, after] = new RegExp(`^(.*\\D)${part}(\\D[^/\\\\]*)$`, "s").exec(output) ?? [];
  const others = Array.from({ length: parts }, (_, i) => `${before}${i + 1}${after}`);
  const files = before === undefined ? [output, "OTHER_PARTS"] : others;
  return ["amlc data join", ...files, "--parts", manifest, "-o", "ALL.csv"].join(" ");
}

const SHOWN = 5;

function showReport({ file, rows, answered, blank, faults, faults_file, score }: PredictReport): void {
  if (score) {
    const { by_entity, ...overall } = score;
    const entities = Object.entries(by_entity).map(([entity, counts]) => ({ entity, ...counts }));
    printTable([{ entity: "all", ...overall }, ...entities]);
  }
  for (const { line, reason } of faults.slice(0, SHOWN)) printLog(harmless(`no answer: line ${line}: ${reason}`));
  if (faults.length > SHOWN) printLog(`and ${faults.length - SHOWN} more, each in ${faults_file}`);
  const parts = [`${rows} rows`, `${answered} answered`];
  if (blank > 0) parts.push(`${blank} left blank`);
  if (faults.length > 0) parts.push(`${faults.length} that cannot be asked about`);
  printText(`${file}: ${parts.join(", ")}`);
}
