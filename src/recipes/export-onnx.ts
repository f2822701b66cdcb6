import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { onnxCompanions } from "../export/onnx-companions.ts";
import { writeOnnxFile } from "../export/onnx-files.ts";
import { EXPORTED_GRAPHS } from "../export/onnx-graphs.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import { readCompanions, writeCompanions } from "../model/companions.ts";
import { parametersOf } from "../model/lora.ts";
import { mergeWeight } from "../model/merge.ts";
import { ONNX_PARTS, type OnnxDtype, onnxFile } from "../model/onnx-layout.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { viewByInput } from "../train/layout.ts";
import { type Trained, unpackAdapter } from "../train/trained.ts";
import { writeFileAtomic } from "../util/files.ts";
import type { Tensor } from "../util/tensor.ts";
import { writeWholeFolder } from "../util/whole-folder.ts";
import { openRunAnswerer, type RunAnswererOptions } from "./answerer.ts";
import type { Base } from "./base.ts";
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
  /** With the bytes of each and of the weights beside it. */
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
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
      const files = await writeModel(fresh, base, trained, dtypes, observer);
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

async function writeModel(
  folder: string,
  { model }: Base,
  trained: Trained,
  dtypes: readonly OnnxDtype[],
  observer: Observer | undefined,
) {
  const shapes = new Map(parametersOf(paligemmaParameters(model.config)).map(({ name, shape }) => [name, shape]));
  await using checkpoint = await openCheckpoint(model.folder);
  const own = trained.lora ? {} : viewByInput(trained.layout, trained.values);
  const adapter = trained.lora && unpackAdapter(trained.layout, trained.values, trained.lora.modules);
  const read = async (name: string): Promise<Tensor<"f32">> => {
    if (own[name]) return own[name];
    const weight = await checkpoint.read(name, shapes.get(name)!, "f32");
    const low = adapter?.get(name.replace(/\.weight$/, ""));
    return low ? (mergeWeight(weight, low.a, low.b, trained.lora!.scale) as Tensor<"f32">) : weight;
  };
  await mkdir(join(folder, "onnx"));
  const files: { file: string; bytes: number }[] = [];
  const dataFiles: Record<string, number> = {};
  for (const file of dtypes.flatMap((dtype) =>
    ONNX_PARTS.map((part) => ({ dtype, part, path: onnxFile(part, dtype) })),
  )) {
    const { dtype, part, path } = file;
    const exported = EXPORTED_GRAPHS[part](model.config);
    const written = await writeOnnxFile(join(folder, path), exported, {
      dtype,
      read,
      isWeight: (name) => shapes.has(name),
    });
    observer?.note?.(`${path}: ${(written.bytes / 1e6).toFixed(1)} MB`);
    files.push({ file: path, bytes: written.bytes });
    if (written.dataFiles > 0) dataFiles[basename(path)] = written.dataFiles;
  }
  const companions = onnxCompanions(await readCompanions(model.folder), model.config, model.preprocessor, dataFiles);
  await writeCompanions(companions, folder);
  return files;
}
