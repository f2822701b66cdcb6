import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { checkJson, parseJson } from "../../formats/json.ts";
import { InputError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.ts";

/** A TensorFlow that can be loaded, with the binding that tfjs-node has to it. */
export interface TensorflowInstall {
  /** Of TensorFlow, as `2.21.0`; null when its binding is tfjs-node's own, which does not say. */
  readonly version: string | null;
  /** Whether it was built for CUDA; a GPU may still be missing. */
  readonly gpu: boolean;
  /** Path of tfjs_binding.node. */
  readonly binding: string;
  readonly source: "amlc setup tensorflow" | "@tensorflow/tfjs-node" | "@tensorflow/tfjs-node-gpu";
}

/** Folder of everything that `amlc setup tensorflow` makes: AMLC_CACHE or XDG_CACHE_HOME move it. */
export function tensorflowHome(): string {
  const cache = process.env.AMLC_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "amlc");
  return join(resolve(cache), "tensorflow");
}

/** Names the installation in use, written last of all: without it there is none. Paths in it are relative to the home. */
export const currentFile = (home = tensorflowHome()): string => join(home, "current.json");

/**
 * What `amlc setup tensorflow` installed; else a stock tfjs-node whose own install script succeeded; else undefined.
 * @throws InputError naming current.json when it is broken: a setup mends it
 */
export function findTensorflow(): TensorflowInstall | undefined {
  return findOwn(tensorflowHome()) ?? findStock();
}

/** Makes a binding inside the home the one in use. @throws InputError when that cannot be written; the one before stays */
export function useTensorflow(home: string, install: Omit<TensorflowInstall, "source">): Promise<void> {
  const binding = relative(home, install.binding);
  return writeFileAtomic(currentFile(home), `${JSON.stringify({ ...install, binding }, null, 2)}\n`);
}

const currentSchema = z.object({ version: z.string().nullable(), gpu: z.boolean(), binding: z.string() });

function findOwn(home: string): TensorflowInstall | undefined {
  if (!existsSync(currentFile(home))) return undefined;
  const { version, gpu, binding } = readCurrent(currentFile(home));
  const path = join(home, binding);
  return existsSync(path) ? { version, gpu, binding: path, source: "amlc setup tensorflow" } : undefined;
}

function readCurrent(file: string): z.output<typeof currentSchema> {
  try {
    return checkJson(file, parseJson(file, readFileSync(file, "utf8")), currentSchema);
  } catch (cause) {
    const { message } = cause as Error;
    throw new InputError(cause instanceof InputError ? message : `${file}: cannot be read: ${message}`, {
      hint: "run: amlc setup tensorflow (with --gpu for an NVIDIA GPU)",
      cause,
    });
  }
}

function findStock(): TensorflowInstall | undefined {
  for (const source of ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const) {
    for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
      try {
        const manifest = createRequire(from).resolve(`${source}/package.json`);
        const binding = join(dirname(manifest), "lib", "napi-v8", "tfjs_binding.node");
        if (existsSync(binding)) return { version: null, gpu: source.endsWith("gpu"), binding, source };
      } catch {
        // not installed there
      }
    }
  }
  return undefined;
}
