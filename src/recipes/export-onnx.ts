import { basename, join } from "node:path";
import { type MergedWeights, openMergedWeights } from "../export/merged-weights.ts";
import { type OnnxFile, writeOnnxModel } from "../export/onnx-model.ts";
import { decodeAdapter } from "../model/adapter-files.ts";
import type { OnnxDtype } from "../model/onnx-layout.ts";
import { findCheckpoint, loadCheckpoint } from "../runs/checkpoints.ts";
import { writeFileAtomic } from "../util/files.ts";
import { writeWholeFolder } from "../util/whole-folder.ts";
import { openRunAnswerer, type RunAnswererOptions } from "./answerer.ts";
import { checkOnnx, type OnnxCheck } from "./check-onnx.ts";
import type { Observer } from "./observer.ts";

export interface ExportOnnxOptions extends RunAnswererOptions {
  readonly output: string;
  readonly dtypes: readonly OnnxDtype[];
  /** Rows to answer with the written files and with the engine. */
  readonly checkRows: number;
  readonly observer?: Observer;
}

export interface ExportOnnxReport {
  readonly folder: string;
  readonly run: string;
  readonly checkpoint: string;
  readonly files: readonly OnnxFile[];
  readonly checks: readonly OnnxCheck[];
  /** How it was trained to be asked. */
  readonly asked: { readonly prompt: string; readonly max_new_tokens: number };
}

const REPORT = "export.json";

/**
 * Writes a run's model as ONNX in the layout of transformers.js and Optimum, its adapter merged in float32 before any rounding,
 * and then answers rows with the written files. The folder appears when all is there.
 * @throws InputError when the run has no checkpoint, or something else stands at `output`
 */
export async function exportOnnx(options: ExportOnnxOptions): Promise<ExportOnnxReport> {
  const { output, dtypes, checkRows, observer, ...source } = options;
  const opened = await openRunAnswerer(source);
  const { run, config, base, trained, folder, answerer } = opened;
  try {
    return await writeWholeFolder(output, REPORT, async (fresh) => {
      await using weights = await openWeights(base.model.folder, folder, trained.lora !== undefined);
      const onFile = ({ file, bytes }: OnnxFile) => observer?.note?.(`${file}: ${(bytes / 1e6).toFixed(1)} MB`);
      const files = await writeOnnxModel(fresh, weights, { dtypes, onFile });
      const checks = await checkOnnx(fresh, opened, { dtypes, most: checkRows, observer });
      const asked = { prompt: config.data.prompt, max_new_tokens: config.eval.max_new_tokens };
      const report = { folder: output, run: run.name, checkpoint: basename(folder), files, checks, asked };
      await writeFileAtomic(join(fresh, REPORT), `${JSON.stringify(report, null, 2)}\n`);
      return report;
    });
  } finally {
    await answerer.release();
  }
}

/** The base with the adapter of a checkpoint, or what else it holds. */
async function openWeights(base: string, checkpoint: string, isAdapter: boolean): Promise<MergedWeights> {
  if (!isAdapter) return openMergedWeights(findCheckpoint(checkpoint)!);
  const saved = await decodeAdapter(checkpoint, await loadCheckpoint(checkpoint));
  return openMergedWeights(base, { source: checkpoint, saved });
}
