import type { TfjsKernels } from "../../graph/node.ts";
import { bytesOf, type Shape, sizeOf, type Tensor } from "../../util/tensor.ts";
import { type Backend, constantPool, writeInto } from "./backend.ts";
import { type Binding, loadTensorflow, type OpAttribute, TF_ATTR, TF_TYPE } from "./binding.ts";

/** A tensor of TensorFlow, by its handle. */
export interface Handle {
  readonly id: number;
  readonly dtype: number;
  readonly shape: Shape;
}

/**
 * TensorFlow through tfjs-node's binding, by raw handles: tfjs-core has no half precision and costs as much again for each
 * operation. Names of operations and attributes are those of TensorFlow (tensorflow/core/ops/*.cc).
 * @throws InputError when it is not installed
 */
export function openTensorflow(threads: number | null): Backend<Handle> {
  const { binding } = loadTensorflow(threads);
  const isGpu = binding.isUsingGpuDevice();
  let made: Handle[] | null = null;

  const run = (op: string, attributes: readonly OpAttribute[], inputs: readonly Handle[]): Handle => {
    const ids = inputs.map(({ id }) => id);
    const result = binding.executeOp(op, attributes, ids, 1)[0];
    made?.push(result);
    return result;
  };
  const upload = (value: Tensor) => uploadTo(binding, value);
  const kernels = tensorflowKernels(run, upload);

  return {
    name: "tensorflow",
    device: isGpu ? "GPU" : "CPU",
    version: binding.TF_Version,
    hasHalf: true,
    prefersHalf: isGpu,
    get liveTensors() {
      return binding.getNumOfTensors();
    },
    kernels,
    scope(kernel) {
      made = [];
      let result: Handle | undefined;
      try {
        result = kernel();
        return result;
      } finally {
        for (const tensor of made) if (tensor !== result) binding.deleteTensor(tensor.id);
        made = null;
      }
    },
    upload,
    download: (x, into) => downloadFrom(binding, x, into),
    free: ({ id }) => binding.deleteTensor(id),
  };
}

const typed = (name: string, dtype: number): OpAttribute => ({ name, type: TF_ATTR.type, value: dtype });
const flag = (name: string, value: boolean): OpAttribute => ({ name, type: TF_ATTR.bool, value });
const castAttributes = (from: number, to: number) => [typed("SrcT", from), typed("DstT", to), flag("Truncate", false)];
const integer = (name: string, value: number): OpAttribute => ({ name, type: TF_ATTR.int, value });

function tensorflowKernels(
  run: (op: string, attributes: readonly OpAttribute[], inputs: readonly Handle[]) => Handle,
  upload: (value: Tensor) => Handle,
): TfjsKernels<Handle> {
  const constant = constantPool(upload);
  const integers = (values: readonly number[], shape: Shape = [values.length]) =>
    constant({ dtype: "i32", shape, data: Int32Array.from(values) });
  const indexed = (name: string) => typed(name, TF_TYPE.i32);

  const unary = (op: string) => (x: Handle) => run(op, [typed("T", x.dtype)], [x]);
  const binary = (op: string) => (a: Handle, b: Handle) => run(op, [typed("T", a.dtype)], [a, b]);
  const reduce = (op: string) => (x: Handle, axes: readonly number[]) =>
    run(op, [flag("keep_dims", true), typed("T", x.dtype), indexed("Tidx")], [x, integers(axes)]);
  const [mean, max] = [reduce("Mean"), reduce("Max")];
  const cast = (x: Handle, to: number) => run("Cast", castAttributes(x.dtype, to), [x]);
  const reshape = (x: Handle, shape: Shape) =>
    run("Reshape", [typed("T", x.dtype), indexed("Tshape")], [x, integers(shape)]);

  return {
    constant,
    scalar(value, { dtype }) {
      const wide = constant({ dtype: "f32", shape: [], data: Float32Array.of(value) });
      return dtype === wide.dtype ? wide : cast(wide, dtype);
    },
    identity: unary("Identity"),
    cast: (x, to) => cast(x, TF_TYPE[to]),
    add: binary("AddV2"),
    sub: binary("Sub"),
    mul: binary("Mul"),
    div: binary("RealDiv"),
    maximum: binary("Maximum"),
    less: binary("Less"),
    select: (condition, a, b) => run("SelectV2", [typed("T", a.dtype)], [condition, a, b]),
    exp: unary("Exp"),
    log: unary("Log"),
    tanh: unary("Tanh"),
    sigmoid: unary("Sigmoid"),
    rsqrt: unary("Rsqrt"),
    sum: reduce("Sum"),
    mean: (x, axis) => mean(x, [axis]),
    max: (x, axis) => max(x, [axis]),
    softmax: unary("Softmax"),
    matmul(a, b, transA, transB) {
      const flags = (nameA: string, nameB: string) => [flag(nameA, transA), flag(nameB, transB), typed("T", a.dtype)];
      if (b.shape.length > 2 || (a.shape.length > 2 && transA)) {
        return run("BatchMatMulV2", flags("adj_x", "adj_y"), [a, b]);
      }
      // One product over all rows: a batch of products would read the weight once for each.
      const width = a.shape.at(-1)!;
      const rows = a.shape.length > 2 ? reshape(a, [sizeOf(a.shape) / width, width]) : a;
      const product = run("MatMul", flags("transpose_a", "transpose_b"), [rows, b]);
      return a.shape.length > 2 ? reshape(product, [...a.shape.slice(0, -1), product.shape[1]]) : product;
    },
    reshape,
    transpose: (x, order) => run("Transpose", [typed("T", x.dtype), indexed("Tperm")], [x, integers(order)]),
    broadcastTo: (x, shape) => run("BroadcastTo", [typed("T", x.dtype), indexed("Tidx")], [x, integers(shape)]),
    slice: (x, begin, size) =>
      run("Slice", [typed("T", x.dtype), indexed("Index")], [x, integers(begin), integers(size)]),
    pad: (x, widths) =>
      run("Pad", [typed("T", x.dtype), indexed("Tpaddings")], [x, integers(widths.flat(), [widths.length, 2])]),
    concat: (xs, axis) =>
      run(
        "ConcatV2",
        [integer("N", xs.length), typed("T", xs[0].dtype), indexed("Tidx")],
        [...xs, integers([axis], [])],
      ),
    gather: (x, indices) =>
      run(
        "GatherV2",
        [typed("Tparams", x.dtype), typed("Tindices", indices.dtype), indexed("Taxis"), integer("batch_dims", 0)],
        [x, indices, integers([0], [])],
      ),
    oneHot(indices, depth) {
      const [on, off] = [1, 0].map((value) => constant({ dtype: "f32", shape: [], data: Float32Array.of(value) }));
      const attributes = [typed("T", TF_TYPE.f32), typed("TI", indices.dtype), integer("axis", -1)];
      return run("OneHot", attributes, [indices, integers([depth], []), on, off]);
    },
  };
}

/**
 * Half precision and signed bytes go up as bytes and are then called by their type: no number is converted. TensorFlow may read
 * the array for as long as the tensor lives.
 */
function uploadTo(binding: Binding, { dtype, shape, data }: Tensor): Handle {
  const type = TF_TYPE[dtype];
  if (dtype === "f16" || dtype === "i8") {
    const id = binding.createTensor(dtype === "f16" ? [...shape, 2] : shape, TF_TYPE.u8, bytesOf(data));
    const [called] = binding.executeOp("Bitcast", [typed("T", TF_TYPE.u8), typed("type", type)], [id], 1);
    binding.deleteTensor(id);
    return called;
  }
  return { id: binding.createTensor(shape, type, data as Float32Array | Int32Array | Uint8Array), dtype: type, shape };
}

/** The binding reads neither halves nor bytes: these are asked for in a wider type. */
const READ_AS: Readonly<Record<number, number>> = {
  [TF_TYPE.f16]: TF_TYPE.f32,
  [TF_TYPE.u8]: TF_TYPE.i32,
  [TF_TYPE.i8]: TF_TYPE.i32,
};

function downloadFrom(binding: Binding, { id, dtype }: Handle, into: Tensor): void {
  const wider = READ_AS[dtype];
  if (wider === undefined) {
    writeInto(into, binding.tensorDataSync(id));
    return;
  }
  const [wide] = binding.executeOp("Cast", castAttributes(dtype, wider), [id], 1);
  try {
    writeInto(into, binding.tensorDataSync(wide.id));
  } finally {
    binding.deleteTensor(wide.id);
  }
}
