import "./telemetry.ts";
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { InputError } from "../../util/errors.ts";
import type { Tensors } from "../engine.ts";
import type { OrtOptions } from "./ort.ts";
import { fromOrt, mapValues, toOrt } from "./tensors.ts";

/** An ONNX model that was read from a file. */
export interface ModelFile {
  readonly path: string;
  readonly inputs: readonly string[];
  /** @throws Error when feeds do not fit the model */
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** @throws InputError when the file is missing or onnxruntime cannot read it */
export async function openModelFile(
  path: string,
  { providers = ["cpu"], threads = null }: OrtOptions = {},
): Promise<ModelFile> {
  const session = await ort.InferenceSession.create(path, {
    executionProviders: [...providers],
    intraOpNumThreads: threads ?? availableParallelism(),
    enableMemPattern: false,
    logSeverityLevel: 3,
  }).catch((cause: Error) => {
    throw new InputError(`${path}: cannot be run: ${cause.message}`, {
      hint: "name a folder that amlc export onnx wrote; export it again if a file of it is missing or cut short",
      cause,
    });
  });
  return {
    path,
    inputs: session.inputNames,
    run: async (feeds) => mapValues(await session.run(mapValues(feeds, toOrt)), fromOrt),
    release: () => session.release(),
  };
}
