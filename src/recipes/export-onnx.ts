import { basename, join } from "node:path";
import { type OnnxFile, writeOnnxModel } from "../export/onnx-model.ts";
import { decodeAdapter } from "../model/adapter-files.ts";
import { ONNX_DTYPES, type OnnxDtype } from "../model/onnx-layout.ts";
import { loadCheckpoint } from "../runs/checkpoints.ts";
import { writeFileAtomic } from "../util/files.ts";
import { requireSomeOf } from "../util/one-of.ts";
import { endIfStopped, writeWholeFolder } from "../util/whole-folder.ts";
import { openRunAnswerer } from "./answerer.ts";
import { checkOnnx, type OnnxCheck, rowsToCheck } from "./check-onnx.ts";
import { askedOf, type ExportOptions, openRunWeights, REPORT } from "./export.ts";

export interface ExportOnnxOptions extends ExportOptions {
  readonly dtypes: readonly OnnxDtype[];
  /** Rows to answer with the written files and with the engine. */
  readonly checkRows: number;
}

export interface ExportOnnxReport {
  readonly folder: string;
  readonly run: string;
  readonly checkpoint: string;
  readonly files: readonly OnnxFile[];
  readonly checks: readonly OnnxCheck[];
  /** How it was trained to be asked. */
  readonly asked: ReturnType<typeof askedOf>;
}

/**
 * Writes a run's model as ONNX in the layout of transformers.js and Optimum, its adapter merged in float32 before any rounding,
 * and then answers rows with the written files. The folder appears when all is there.
 * @throws InputError when the run has no checkpoint, its rows to check are not there, or something else stands at `output`;
 * InterruptedError
 */
export async function exportOnnx(options: ExportOnnxOptions): Promise<ExportOnnxReport> {
  const { output, dtypes, checkRows, observer, signal, ...source } = options;
  requireSomeOf("dtypes", dtypes, ONNX_DTYPES);
  const opened = await openRunAnswerer(source);
  const { run, config, trained, folder, answerer } = opened;
  const watch = { ...(observer && { observer }), ...(signal && { signal }) };
  try {
    endIfStopped(signal);
    const rows = await rowsToCheck(opened, checkRows, watch);
    const adapter = trained.lora && (await decodeAdapter(folder, await loadCheckpoint(folder)));
    return await writeWholeFolder(output, REPORT, async (fresh) => {
      await using weights = await openRunWeights({ config, folder, adapter });
      const onFile = ({ file, bytes }: OnnxFile) => observer?.note?.(`${file}: ${(bytes / 1e6).toFixed(1)} MB`);
      const files = await writeOnnxModel(fresh, weights, { dtypes, onFile, signal });
      const checks = await checkOnnx(fresh, opened, { dtypes, rows, ...watch });
      const report = {
        ...{ folder: output, run: run.name, checkpoint: basename(folder), files, checks },
        asked: askedOf(config),
      };
      await writeFileAtomic(join(fresh, REPORT), `${JSON.stringify(report, null, 2)}\n`);
      endIfStopped(signal);
      return report;
    });
  } finally {
    await answerer.release();
  }
}
