import type { CommandModule } from "yargs";
import { ONNX_DTYPES, type OnnxDtype } from "../../../model/onnx-layout.ts";
import { InputError } from "../../../util/errors.ts";
import { printJson, printLog, printTable } from "../../output.ts";
import { runTableJob } from "../../table-job.ts";
import { type ExportArgs, exportOptions } from "./options.ts";

interface OnnxArgs extends ExportArgs {
  dtype: OnnxDtype[];
  check: number;
}

/** `amlc export onnx`: a run's model for onnxruntime and transformers.js. */
export const exportOnnxCommand: CommandModule<object, OnnxArgs> = {
  command: "onnx",
  describe: "Write a run's model as ONNX files that transformers.js and onnxruntime read, and check them",
  builder: (y) =>
    exportOptions(y)
      .option("dtype", {
        array: true,
        choices: ONNX_DTYPES,
        default: ["fp32" as const],
        describe: "how weights are kept; given twice, files of both types are written",
      })
      .option("check", { type: "number", default: 100, requiresArg: true, describe: "rows to check the files with" })
      .example("$0 export onnx --run quiet-otter-17 -o onnx/ --dtype fp16", "half the size, for a browser or a server")
      .example("$0 export onnx --run quiet-otter-17 -o onnx/ --dtype int8", "what answers fastest on a processor")
      .example("$0 export onnx --run quiet-otter-17 -o onnx/ --dtype q8 --dtype q4", "and what each loses, as a table"),
  async handler({ run, output, dtype, checkpoint, check, set, json }) {
    if (!Number.isInteger(check) || check < 0)
      throw new InputError(`--check ${check}: wanted is a whole number from 0`);
    const { exportOnnx } = await import("../../../recipes/export-onnx.ts");
    const options = { run, output, dtypes: [...new Set(dtype)], checkRows: check, sets: set };
    const report = await runTableJob((job) => exportOnnx({ ...options, ...(checkpoint && { checkpoint }), ...job }));
    if (json) return printJson(report);
    printTable(report.files.map(({ file, bytes }) => ({ file, MB: (bytes / 1e6).toFixed(1) })));
    if (report.checks.length > 0) printTable(report.checks.map((check) => ({ ...check })));
    printLog(`written: ${report.folder}`);
  },
};
