import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../util/errors.ts";
import { type Compiler, zigCompiler } from "./compiler.ts";
import { cudaRequirements, isCudaFile } from "./cuda.ts";
import { findWheel, installWheel, type WheelSource } from "./install-wheel.ts";
import { LIBRARIES } from "./python.ts";

/** Of the many headers in include/ those that the binding's C API is made of. */
const HEADER = /^tensorflow\/include\/(tensorflow\/c|tensorflow\/core\/platform|tsl|xla\/tsl)\/.+\.h$/;

const isTensorflowFile = (path: string): boolean =>
  LIBRARIES.some((name) => path === `tensorflow/${name}`) ||
  HEADER.test(path) ||
  /^[^/]+\.dist-info\/METADATA$/.test(path);

/** Which TensorFlow is wanted. */
export interface Build {
  readonly version: string;
  readonly gpu: boolean;
}

/**
 * TensorFlow's C library and the headers for it from the wheel on a Python index; with `gpu` also the CUDA libraries that
 * the wheel names, beside it as in site-packages, where it looks for them. What is there already is not fetched again.
 * @returns the folder of the library. @throws InputError
 */
export async function installTensorflow(source: WheelSource, { version, gpu }: Build, folder: string): Promise<string> {
  const complete = join(folder, "wheels", "complete");
  const library = join(folder, "tensorflow");
  if (existsSync(complete)) return library;
  const { arch } = source.platform;
  if (gpu && arch !== "x86_64") {
    throw new InputError(`there is no TensorFlow with CUDA for ${arch}`, { hint: "leave --gpu out" });
  }
  const project = gpu || arch !== "x86_64" ? "tensorflow" : "tensorflow-cpu"; // on arm64 `tensorflow` is for the CPU
  const wheel = await findWheel(source, { project, range: `==${version}` });
  await installWheel(source, wheel, folder, isTensorflowFile);
  const missing = LIBRARIES.find((name) => !existsSync(join(library, name)));
  if (missing !== undefined) {
    throw new InputError(`${wheel.name}: has no ${missing}`, { hint: "choose another version with --version" });
  }
  if (gpu) await installCuda(source, join(folder, `tensorflow-${version}.dist-info`, "METADATA"), folder);
  await writeFile(complete, "");
  return library;
}

async function installCuda(source: WheelSource, metadata: string, folder: string): Promise<void> {
  for (const requirement of cudaRequirements(await readFile(metadata, "utf8"))) {
    await installWheel(source, await findWheel(source, requirement), folder, isCudaFile);
  }
}

const ZIG_VERSION = "0.15.2";

/** The C++ compiler of PyPI's wheel ziglang, which needs no Python to run. @throws InputError */
export async function installZig(source: WheelSource, folder: string, cache: string): Promise<Compiler> {
  try {
    const wheel = await findWheel(source, { project: "ziglang", range: `==${ZIG_VERSION}` });
    await installWheel(source, wheel, folder, (path) => /^ziglang\/(zig$|lib\/)/.test(path));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`neither g++ nor clang++ is on PATH, and the one of PyPI cannot be had: ${error.message}`, {
      hint: `install g++, or name a compiler with AMLC_CXX${error.hint === undefined ? "" : `; or ${error.hint}`}`,
      cause: error,
    });
  }
  return zigCompiler(join(folder, "ziglang", "zig"), source.platform, cache);
}
