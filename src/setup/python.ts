import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { findJson } from "../formats/found-json.ts";
import { InputError } from "../util/errors.ts";
import { runTool } from "./run-tool.ts";
import { compareVersions } from "./versions.ts";

/** A TensorFlow that pip has installed. */
export interface PythonTensorflow {
  /** The package's folder. */
  readonly folder: string;
  readonly version: string;
  /** Whether it was built for CUDA, and CUDA's libraries lie beside it. */
  readonly gpu: boolean;
}

/** The first whose C library, headers and GPU kernels the binding was seen to work with. */
export const OLDEST_TENSORFLOW = "2.16.2";

export const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

/**
 * Where packages lie, without loading them: TensorFlow takes seconds. A folder of that name is no package; and modules of
 * the working folder, where Python looks first, are whoever's.
 */
const PROGRAM = `
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import importlib.util, importlib.metadata, json, os
def folder(name):
    spec = importlib.util.find_spec(name)
    return os.path.dirname(spec.origin) if spec and spec.origin else None
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({"tensorflow": folder("tensorflow"), "full": version("tensorflow"), "cpu": version("tensorflow-cpu"), "ziglang": folder("ziglang")}))
`;

const Answer = z.object({
  tensorflow: z.string().nullable(),
  full: z.string().nullable(),
  cpu: z.string().nullable(),
  ziglang: z.string().nullable(),
});

/** What a Python has of use here. */
export interface Python {
  /** As it was started. */
  readonly program: string;
  readonly tensorflow: PythonTensorflow | undefined;
  /** Path of Zig, if it has the package ziglang. `-m ziglang` would look in the working folder first. */
  readonly zig: string | undefined;
}

/**
 * The first Python that answers: the one that AMLC_PYTHON names, else python3, else python; undefined when there is none.
 * @throws InputError when the one that is named does not answer
 */
export async function findPython(signal?: AbortSignal): Promise<Python | undefined> {
  const named = process.env.AMLC_PYTHON;
  let fault = "does not run";
  for (const program of named ? [named] : ["python3", "python"]) {
    const { ok, stdout } = await runTool([program, "-c", PROGRAM], { signal, seconds: 60 });
    const answer = ok ? Answer.safeParse(findJson(stdout)) : undefined;
    if (answer?.success) return readAnswer(program, answer.data);
    if (answer) fault = "does not answer as a Python does";
  }
  signal?.throwIfAborted();
  if (!named) return undefined;
  throw new InputError(`the Python "${named}" of AMLC_PYTHON ${fault}`, {
    hint: "unset AMLC_PYTHON, for none is needed, or name a Python 3.8 or newer with TensorFlow in it",
  });
}

function readAnswer(program: string, { tensorflow: folder, full, cpu, ziglang }: z.output<typeof Answer>): Python {
  const version = full ?? cpu;
  const gpu = full !== null && existsSync(join(folder ?? "", "..", "nvidia", "cudnn"));
  const tensorflow = folder && version ? { folder, version, gpu } : undefined;
  const zig = join(ziglang ?? "", "zig");
  return { program, tensorflow, zig: ziglang !== null && existsSync(zig) ? zig : undefined };
}

/** Why a TensorFlow of Python's cannot serve; undefined when it can. */
export function unfit(found: PythonTensorflow, wanted: { version?: string | undefined; gpu: boolean }) {
  if (compareVersions(found.version, OLDEST_TENSORFLOW) < 0) return `is older than ${OLDEST_TENSORFLOW}`;
  if (wanted.version !== undefined && found.version !== wanted.version) return `is not ${wanted.version}`;
  if (wanted.gpu && !found.gpu) return "has no CUDA libraries beside it";
  const missing = [...LIBRARIES, "include/tensorflow/c/c_api.h"].find((path) => !existsSync(join(found.folder, path)));
  return missing === undefined ? undefined : `lacks ${missing}`;
}
