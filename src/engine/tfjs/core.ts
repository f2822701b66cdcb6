import * as tf from "@tensorflow/tfjs-core";
import { f16ToF32 } from "../../formats/half.ts";
import type { TfjsKernels } from "../../graph/node.ts";
import { broadcastShapes } from "../../graph/ops/loops.ts";
import { limitConcurrency } from "../../util/concurrency.ts";
import type { DType, Tensor } from "../../util/tensor.ts";
import { type Backend, constantPool, writeInto } from "./backend.ts";

const oneAtATime = limitConcurrency(1);

/** tfjs-core's own backends, which come with npm alone. They have no half precision: fp16 weights are widened. */
export async function openCore(name: "wasm" | "cpu"): Promise<Backend<tf.Tensor>> {
  tf.enableProdMode(); // else it advertises other packages on the terminal
  await oneAtATime(() => leavingProcessAlone(() => startBackend(name)));
  const own = tf.findBackend(name);
  /** tfjs-core has one active backend; others may be open, or opening. */
  const select = () => {
    if (activeBackend() !== own) void tf.setBackend(name);
  };
  const upload = (value: Tensor) => {
    select();
    return tf.keep(toCore(value));
  };
  return {
    name,
    device: "CPU",
    version: tf.version_core,
    hasHalf: false,
    prefersHalf: false,
    get liveTensors() {
      return tf.memory().numTensors;
    },
    kernels: coreKernels(constantPool(upload)),
    scope(kernel) {
      select();
      return tf.tidy(kernel);
    },
    upload,
    download: (x, into) => writeInto(into, x.dataSync()),
    free: (x) => x.dispose(),
  };
}

async function startBackend(name: "wasm" | "cpu"): Promise<void> {
  if (name === "wasm") await import("@tensorflow/tfjs-backend-wasm");
  else await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend(name);
}

/** The name that tf.getBackend tells changes before the backend does. */
const activeBackend = () => (tf.engine() as unknown as { readonly backendInstance: unknown }).backendInstance;

/** The WebAssembly module ends a process at any error that nobody catches; whether it should end is the process's affair. */
async function leavingProcessAlone(open: () => Promise<void>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "exit"));
  await open();
  for (const [i, event] of events.entries()) {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[i].includes(listener)) process.removeListener(event, listener);
    }
  }
}

function coreKernels(constant: (value: Tensor) => tf.Tensor): TfjsKernels<tf.Tensor> {
  return {
    constant,
    scalar: (value) => constant({ dtype: "f32", shape: [], data: Float32Array.of(value) }),
    identity: tf.clone,
    cast: (x, to) => tf.cast(x, CORE_TYPE[to]),
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    div: tf.div,
    maximum: tf.maximum,
    less: tf.less,
    select: tf.where,
    exp: tf.exp,
    log: tf.log,
    tanh: tf.tanh,
    sigmoid: tf.sigmoid,
    rsqrt: tf.rsqrt,
    sum: (x, axes) => tf.sum(x, [...axes], true),
    mean: (x, axis) => tf.mean(x, axis, true),
    max: (x, axis) => tf.max(x, axis, true),
    softmax: (x) => tf.softmax(x),
    matmul,
    reshape: (x, shape) => tf.reshape(x, [...shape]),
    transpose: (x, order) => tf.transpose(x, [...order]),
    broadcastTo: (x, shape) => tf.broadcastTo(x, [...shape]),
    slice: (x, begin, size) => tf.slice(x, [...begin], [...size]),
    pad: (x, widths) =>
      tf.pad(
        x,
        widths.map(([before, after]) => [before, after]),
      ),
    concat: (xs, axis) => tf.concat([...xs], axis),
    gather: (x, indices) => tf.gather(x, indices as tf.Tensor1D),
    oneHot: (indices, depth) => tf.cast(tf.oneHot(indices as tf.Tensor1D, depth), "float32"),
  };
}

/**
 * tf.matMul is wrong where the leading axes of both operands stretch; and where an operand is to be read the other way round,
 * the WebAssembly kernel takes a loop that is 30 times slower than turning the operand first.
 */
function matmul(a: tf.Tensor, b: tf.Tensor, transA: boolean, transB: boolean): tf.Tensor {
  const [left, right] = [transA ? turn(a) : a, transB ? turn(b) : b];
  if (right.rank === 2) {
    const rows = tf.reshape(left, [-1, left.shape.at(-1)!]);
    return tf.reshape(tf.matMul(rows, right), [...left.shape.slice(0, -1), right.shape[1]!]);
  }
  const lead = broadcastShapes("matmul", left.shape.slice(0, -2), right.shape.slice(0, -2));
  const [wideLeft, wideRight] = [left, right].map((x) => tf.broadcastTo(x, [...lead, ...x.shape.slice(-2)]));
  return tf.matMul(wideLeft, wideRight);
}

/** Swaps the last two axes. */
function turn(x: tf.Tensor): tf.Tensor {
  const axes = [...x.shape.keys()];
  return tf.transpose(x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

const CORE_TYPE = {
  f32: "float32",
  f16: "float32",
  f64: "float32",
  i32: "int32",
  i64: "int32",
  i8: "int32",
  u8: "int32",
  bool: "bool",
} as const;

function toCore({ dtype, shape, data }: Tensor<DType>): tf.Tensor {
  const isByte = dtype === "u8" || dtype === "i8";
  const numbers = dtype === "f16" ? f16ToF32(data as Uint16Array) : isByte ? Int32Array.from(data as Uint8Array) : data;
  return tf.tensor(numbers as Float32Array, [...shape], CORE_TYPE[dtype]);
}
