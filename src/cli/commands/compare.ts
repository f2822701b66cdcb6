import type { CommandModule } from "yargs";
import type { Comparison } from "../../report/comparison.ts";
import { InputError } from "../../util/errors.ts";
import { printJson, printLog, printTable, printText } from "../output.ts";

interface CompareArgs {
  runs: string[];
  split: string;
  html: string | undefined;
  svg: string | undefined;
  md: boolean;
  json: boolean;
}

/** `amlc compare`: runs side by side. */
export const compareCommand: CommandModule<object, CompareArgs> = {
  command: "compare <runs..>",
  describe: "Compare runs: settings, loss, scores with intervals, tests, rows and cost",
  builder: (y) =>
    y
      .positional("runs", { type: "string", array: true, demandOption: true, describe: "names or paths of runs" })
      .option("split", { type: "string", default: "val", describe: "the answers to compare, as in amlc eval" })
      .option("html", { type: "string", describe: "write a page of tables, charts and rows, too" })
      .option("svg", { type: "string", describe: "folder: write each chart as an SVG file, too" })
      .option("md", { type: "boolean", default: false, describe: "print Markdown" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 compare first second --html compare.html", "each of the others is tested against the first")
      .example("$0 compare first second --md > compare.md", "tables for a pull request"),
  async handler({ runs, split, html, svg, md, json }) {
    if (md && json) throw new InputError("--md and --json both want standard output", { hint: "give one of them" });
    const { compare } = await import("../../recipes/compare.ts");
    const options = { ...(html !== undefined && { html }), ...(svg !== undefined && { svg }) };
    const comparison = await compare({ runs: runs.map(String), split, ...options });
    if (json) printJson(comparison);
    else if (md) printText((await import("../../report/compare-markdown.ts")).compareMarkdown(comparison));
    else await printComparison(comparison);
    if (html !== undefined) printLog(`page: ${html}`);
    if (svg !== undefined) printLog(`charts: ${svg}`);
  },
};

async function printComparison({ runs, differences, tests, notes, disagreements }: Comparison): Promise<void> {
  const { duration, gibibytes, rate, testFigures, verdict, withInterval } = await import("../../report/words.ts");
  for (const note of notes) printLog(note);
  const columns = (values: readonly (string | null)[]) =>
    Object.fromEntries(runs.map(({ name }, i) => [name, values[i]]));
  printTable(differences.map(({ key, values }) => ({ setting: key, ...columns(values) })));
  printText("");
  printTable(
    runs.map(({ name, score, last_step, seconds, samples_per_s, peak_memory_bytes, last_mean_loss }) => ({
      run: name,
      F1: score ? withInterval(score.f1) : null,
      rows: score?.rows ?? null,
      steps: last_step,
      "last mean loss": rate(last_mean_loss),
      "time in steps": duration(seconds),
      "samples/s": rate(samples_per_s),
      "peak memory": gibibytes(peak_memory_bytes),
    })),
  );
  if (tests.length === 0) return;
  printText("");
  for (const test of tests) printText(`${verdict(test)}\n  ${testFigures(test)}`);
  printText(`${disagreements.rows} rows are right in one run and wrong in another: --html shows them`);
}
