import { createRequire } from "node:module";
import { InputError } from "../../util/errors.ts";
import { EXACT_FLOAT32 } from "../exact-float32.ts";
import { findTensorflow, type TensorflowInstall } from "./tensorflow-home.ts";

/** Numbers of TensorFlow's `DataType` (tensorflow/core/framework/types.proto). */
export const TF_TYPE = { f32: 1, f64: 2, i32: 3, u8: 4, i8: 6, i64: 9, bool: 10, f16: 19 } as const;

/** Numbers of its `TF_AttrType` (tensorflow/c/c_api.h). */
export const TF_ATTR = { int: 1, bool: 3, type: 4 } as const;

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** The part that is used here of what tfjs-node's C++ exports. A tensor is a number, which must be deleted. */
export interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
  createTensor(shape: readonly number[], type: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | BigInt64Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): { readonly id: number; readonly dtype: number; readonly shape: readonly number[] }[];
  getNumOfTensors(): number;
}

export interface LoadedTensorflow {
  readonly binding: Binding;
  readonly install: TensorflowInstall;
}

/** What TensorFlow reads once, when it is loaded. */
const SETTINGS = {
  TF_CPP_MIN_LOG_LEVEL: "2",
  TF_FORCE_GPU_ALLOW_GROWTH: "true",
  ...EXACT_FLOAT32,
} as const;

let loaded: LoadedTensorflow | undefined;

/**
 * Loads TensorFlow, once a process. `threads` counts then and not later.
 * @throws InputError when none is installed or it cannot be loaded
 */
export function loadTensorflow(threads: number | null): LoadedTensorflow {
  loaded ??= load(threads);
  return loaded;
}

function load(threads: number | null): LoadedTensorflow {
  const install = findTensorflow();
  if (!install) {
    throw new InputError("engine.backend: tensorflow is not installed", {
      hint: "run: amlc setup tensorflow (with --gpu for an NVIDIA GPU), or set engine.backend to wasm",
    });
  }
  for (const [name, value] of Object.entries(SETTINGS)) process.env[name] ??= value;
  if (threads !== null) process.env.TF_NUM_INTRAOP_THREADS = `${threads}`;
  try {
    return { install, binding: createRequire(import.meta.url)(install.binding) as Binding };
  } catch (cause) {
    throw new InputError(`${install.binding}: TensorFlow cannot be loaded: ${(cause as Error).message}`, {
      hint: "run: amlc setup tensorflow --uninstall, then amlc setup tensorflow",
      cause,
    });
  }
}
