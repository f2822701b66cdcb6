import { basename } from "node:path";
import { lower } from "../engine/onnx/lower.ts";
import { encodeOnnx, type OnnxTensor } from "../formats/onnx.ts";
import { byteSize } from "../graph/cost.ts";
import { ONNX_DTYPE } from "../graph/ops/onnx-values.ts";
import type { OnnxDtype } from "../model/onnx-layout.ts";
import { type AtomicFile, openFileAtomic, writeFileAtomic } from "../util/files.ts";
import { bytesOf, type Tensor } from "../util/tensor.ts";
import { endIfStopped } from "../util/whole-folder.ts";
import type { ExportedGraph } from "./onnx-graphs.ts";
import { storeWeights } from "./stored-weights.ts";

export interface OnnxFileOptions {
  readonly dtype: OnnxDtype;
  /** A weight in float32, read when it is wanted. */
  readonly read: (name: string) => Promise<Tensor<"f32">>;
  readonly isWeight: (name: string) => boolean;
  /** Weights of more bytes than this go into files of their own beside the model, each as large at most. */
  readonly mostBytes?: number;
  /** Ends the work between two weights. */
  readonly signal?: AbortSignal | undefined;
}

/** Protocol buffers end at 2 GiB, and so do arrays of many clients. */
const MOST_BYTES = 1.8e9;

export interface WrittenOnnx {
  readonly bytes: number;
  /** Files of weights beside the model. */
  readonly dataFiles: number;
}

/**
 * Writes a graph with its weights in it, or beside it where they are too many: `model.onnx_data`, `model.onnx_data_1`, …
 * @throws InterruptedError when the signal ended it; nothing is left then
 */
export async function writeOnnxFile(
  path: string,
  { graph, openSizes }: ExportedGraph,
  { dtype, read, isWeight, mostBytes = MOST_BYTES, signal }: OnnxFileOptions,
): Promise<WrittenOnnx> {
  const stored = storeWeights(graph, dtype, isWeight);
  const model = lower(stored.graph, basename(path), { lacks: ["FusedMatMul"], openSizes });
  const made = new Set<string>();
  const total = [...stored.graph.inputs].reduce(
    (sum, [, type]) => sum + (isOpen(type.shape, openSizes) ? 0 : byteSize(type)),
    0,
  );
  const data = total > mostBytes ? dataFiles(path, mostBytes) : undefined;
  const initializers: OnnxTensor[] = [...model.initializers];
  try {
    for (const { weight, make } of stored.weights) {
      endIfStopped(signal);
      for (const [name, value] of Object.entries(make(await read(weight)))) {
        made.add(name);
        const bytes = bytesOf(value.data);
        const rawData = data ? await data.add(bytes) : bytes;
        initializers.push({ name, dataType: ONNX_DTYPE[value.dtype], dims: value.shape, rawData });
      }
    }
    const inputs = model.inputs.filter(({ name }) => !made.has(name));
    const encoded = encodeOnnx({ ...model, inputs, initializers });
    const dataBytes = (await data?.commit()) ?? 0;
    await writeFileAtomic(path, encoded);
    return { bytes: encoded.length + dataBytes, dataFiles: data?.count ?? 0 };
  } finally {
    await data?.discard();
  }
}

const isOpen = (shape: readonly number[], openSizes: ExportedGraph["openSizes"]) =>
  shape.some((d) => openSizes.some(({ size }) => size === d));

/** Where weights begin in their file, so that it can be mapped into memory. */
const ALIGNMENT = 4096;

function dataFiles(path: string, mostBytes: number) {
  const files: AtomicFile[] = [];
  let [offset, total] = [0, 0];
  const nameOf = (file: number) => `${path}_data${file === 0 ? "" : `_${file}`}`;
  return {
    get count() {
      return files.length;
    },
    async add(bytes: Uint8Array) {
      if (files.length === 0 || offset + bytes.length > mostBytes) {
        files.push(await openFileAtomic(nameOf(files.length)));
        offset = 0;
      }
      const file = files.at(-1)!;
      const place = { location: basename(file.path), offset, length: bytes.length };
      const padding = -bytes.length & (ALIGNMENT - 1);
      await file.write(bytes);
      await file.write(new Uint8Array(padding));
      offset += bytes.length + padding;
      total += bytes.length + padding;
      return place;
    },
    /** Returns their bytes together. */
    async commit() {
      for (const file of files) await file.commit();
      return total;
    },
    async discard() {
      for (const file of files) await file.discard();
    },
  };
}
