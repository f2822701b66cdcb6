import { f32ToF16 } from "../../formats/half.ts";
import type { TfjsKernels } from "../../graph/node.ts";
import type { Tensor } from "../../util/tensor.ts";

/** Tensors on a device and what can be done with them. Everything is synchronous. */
export interface Backend<X> {
  /** As in `engine.backend`. */
  readonly name: "tensorflow" | "wasm" | "cpu";
  /** What computes, in words: `GPU`, `CPU`. */
  readonly device: string;
  /** Version of the library behind it. */
  readonly version: string;
  /** Whether it computes with halves at all. */
  readonly hasHalf: boolean;
  /** Whether fp16 products are faster than fp32 here. */
  readonly prefersHalf: boolean;
  /** How many tensors there are now; what a run makes it must free. */
  readonly liveTensors: number;
  readonly kernels: TfjsKernels<X>;
  /** Runs one kernel: its result outlives it, whatever else it made does not. */
  scope(kernel: () => X): X;
  upload(value: Tensor): X;
  /** Writes the numbers into `into`, which has the tensor's size. */
  download(x: X, into: Tensor): void;
  free(x: X): void;
}

/** Writes numbers as a device gives them into host memory; halves come as float32. */
export function writeInto({ dtype, data }: Tensor, numbers: ArrayLike<number> | ArrayLike<bigint>): void {
  if (dtype === "f16") f32ToF16(numbers as Float32Array, data as Uint16Array);
  else (data as Float32Array).set(numbers as ArrayLike<number>);
}

/** Keeps the small constants of kernels: equal ones are made once, however often they are asked for. */
export function constantPool<X>(upload: (value: Tensor) => X): (value: Tensor) => X {
  const known = new Map<string, X>();
  return (value) => {
    const { dtype, shape, data } = value;
    const key = `${dtype}[${shape}] ${data}`;
    const found = known.get(key) ?? upload(value);
    known.set(key, found);
    return found;
  };
}
