import type { CommandModule } from "yargs";
import type { ModelReport } from "../../../recipes/inspect-model.ts";
import { harmless } from "../../../util/cut.ts";
import { AmlcError } from "../../../util/errors.ts";
import { formatCount } from "../../../util/format-number.ts";
import { printJson, printLog, printTable, printText } from "../../output.ts";

interface InspectArgs {
  path: string;
  tensors: boolean;
  json: boolean;
}

/** `amlc model inspect`: what a base, an adapter or a file of one holds. */
export const modelInspectCommand: CommandModule<object, InspectArgs> = {
  command: "inspect <path>",
  describe: "Show what a base, an adapter or one of their files holds, and what is missing; reads headers only",
  builder: (y) =>
    y
      .positional("path", { type: "string", demandOption: true, describe: "folder, or .safetensors file" })
      .option("tensors", { type: "boolean", default: false, describe: "list every tensor too" })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document" })
      .example("$0 model inspect checkpoints/nano", "types, sizes and names")
      .example("$0 model inspect adapter/ --tensors", "each matrix of an adapter"),
  async handler({ path, tensors, json }) {
    const { inspectModel } = await import("../../../recipes/inspect-model.ts");
    const report = await inspectModel(path);
    const { entries, ...short } = report;
    const document = tensors ? report : short;
    if (!json) printReport(report, tensors);
    if (report.faults.length > 0) {
      throw new AmlcError(`${report.path}: is not whole`, {
        hint: "fetch or write what is missing again: amlc model pull goes on where it was",
        ...{ exitCode: 1, report: document },
      });
    }
    if (json) printJson(document);
  },
};

function printReport(report: ModelReport, withTensors: boolean): void {
  const { path, kind, dialect, parameters, bytes, groups, entries, faults } = report;
  const about = `${kind} of ${formatCount(report.tensors)} tensors`;
  const names = dialect === null ? "" : `, names of ${dialect}`;
  printText(harmless(`${path}: ${about}, ${formatCount(parameters)} numbers, ${megabytes(bytes)}${names}`));
  for (const line of describe(report)) printText(harmless(line));
  printTable(
    groups.map(({ parameters: own, bytes: size, ...group }) => ({
      ...{ ...group, parameters: formatCount(own), bytes: megabytes(size) },
    })),
  );
  if (withTensors) {
    printTable(entries.map(({ name, dtype, shape, file }) => ({ name, dtype, shape: shape.join(" × "), file })));
  }
  for (const fault of faults) printLog(harmless(fault));
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function describe({ sizes, adapter }: ModelReport): string[] {
  if (adapter) {
    const { rank, alpha, targets, base } = adapter;
    return [`rank ${rank}, alpha ${alpha}, targets ${[targets].flat().join(", ")}, base ${base ?? "not named"}`];
  }
  if (!sizes) return [];
  const { vision, text, imageTokens, blocks } = sizes;
  const heads = `${text.numHeads} heads of ${text.headDim} over ${text.numKvHeads}`;
  return [
    `vision: ${vision.numLayers} layers, width ${vision.hiddenSize}, MLP ${vision.intermediateSize}, ` +
      `${vision.numHeads} heads, ${vision.imageSize} px in patches of ${vision.patchSize}: ${imageTokens} tokens`,
    `language: ${text.numLayers} layers, width ${text.hiddenSize}, MLP ${text.intermediateSize}, ${heads}, ` +
      `${formatCount(text.vocabSize)} words`,
    ...(blocks ? [`matrices: in ${blocks.bits} bits, a scale for each ${blocks.block} columns`] : []),
  ];
}
