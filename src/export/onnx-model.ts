import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { readCompanions, writeCompanions } from "../model/companions.ts";
import { readModelConfig } from "../model/model-config.ts";
import { ONNX_PARTS, type OnnxDtype, onnxFile } from "../model/onnx-layout.ts";
import { readPreprocessor } from "../model/preprocessor.ts";
import type { MergedWeights } from "./merged-weights.ts";
import { onnxCompanions } from "./onnx-companions.ts";
import { writeOnnxFile } from "./onnx-files.ts";
import { EXPORTED_GRAPHS } from "./onnx-graphs.ts";

/** An ONNX file, with the bytes of it and of the weights beside it. */
export interface OnnxFile {
  readonly file: string;
  readonly bytes: number;
}

export interface OnnxModelOptions {
  readonly dtypes: readonly OnnxDtype[];
  readonly onFile?: (file: OnnxFile) => void;
  /** Ends the work between two weights, with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a model into a folder as transformers.js looks for it: `onnx/`, with three files of each type, and what makes them a
 * PaliGemma, the configuration last.
 */
export async function writeOnnxModel(
  folder: string,
  weights: MergedWeights,
  { dtypes, onFile, signal }: OnnxModelOptions,
): Promise<OnnxFile[]> {
  const config = await readModelConfig(weights.folder);
  const parameters = new Map(weights.parameters.map((parameter) => [parameter.name, parameter]));
  const source = {
    read: (name: string) => weights.read(parameters.get(name)!),
    isWeight: (name: string) => parameters.has(name),
    signal,
  };
  await mkdir(join(folder, "onnx"));
  const files: OnnxFile[] = [];
  const dataFiles: Record<string, number> = {};
  for (const dtype of dtypes) {
    for (const part of ONNX_PARTS) {
      const file = onnxFile(part, dtype);
      const written = await writeOnnxFile(join(folder, file), EXPORTED_GRAPHS[part](config), { ...source, dtype });
      files.push({ file, bytes: written.bytes });
      onFile?.(files.at(-1)!);
      if (written.dataFiles > 0) dataFiles[basename(file)] = written.dataFiles;
    }
  }
  const preprocessor = await readPreprocessor(weights.folder, config.vision);
  await writeCompanions(onnxCompanions(await readCompanions(weights.folder), config, preprocessor, dataFiles), folder);
  return files;
}
