import { droppedBytes, faultOfRate } from "../../util/drop-rate.ts";
import { apply, defineOp, type Node, type Op, ShapeError } from "../node.ts";
import { ONE_ROUNDING, zipBroadcast } from "./loops.ts";
import { float32, ONNX_DTYPE } from "./onnx-values.ts";

export interface DropoutAttrs {
  /** Of 256 equally likely noise values, how many drop the element. */
  readonly dropped: number;
}

/**
 * Inverted dropout (Srivastava et al. 2014): x where the noise byte is at least `dropped`, scaled by 1/(1 − dropped/256), else 0.
 * The noise is an input, so that every engine drops the same elements and a resumed run drops what the first would have.
 */
export const dropoutOp: Op<DropoutAttrs> = defineOp<DropoutAttrs>({
  name: "dropout",
  memory: "in place",
  type: ([x, noise], { dropped }) => {
    if (x!.shape.join() !== noise!.shape.join())
      throw new ShapeError(`dropout: x [${x!.shape}] and noise [${noise!.shape}] differ`);
    if (x!.dtype !== "f32") throw new ShapeError(`dropout: wants f32 but got ${x!.dtype}`);
    if (!(dropped >= 0 && dropped < 256)) throw new ShapeError(`dropout: ${dropped} of 256 is no share below 1`);
    return x!;
  },
  vjp: (dy, [, noise], attrs) => [() => apply(dropoutOp, [dy, noise!], attrs), null],
  onnx: (emit, [x, noise], { dropped }) => {
    const kept = emit.node("Less", [float32(emit, dropped - 0.5), emit.node("Cast", [noise!], { to: ONNX_DTYPE.f32 })]);
    const mask = emit.node("Where", [kept, float32(emit, 256 / (256 - dropped)), float32(emit, 0)]);
    return emit.node("Mul", [x!, mask]);
  },
  tfjs: (k, [x, noise], { dropped }) => {
    const kept = k.less(k.scalar(dropped - 0.5, x!), k.cast(noise!, "f32"));
    return k.mul(x!, k.select(kept, k.scalar(256 / (256 - dropped), x!), k.scalar(0, x!)));
  },
  reference: ([x, noise], { dropped }) =>
    zipBroadcast(x!, noise!, (v, byte) => (byte >= dropped ? (v * 256) / (256 - dropped) : 0)),
  samples: [
    {
      label: "a quarter dropped",
      inputs: [[4, 8], { shape: [4, 8], below: 256, dtype: "u8" }],
      attrs: { dropped: 64 },
    },
  ],
  tolerance: ONE_ROUNDING,
});

/**
 * Drops about `rate` of x; the rate is rounded to 1/256. `noise` holds uniform bytes, shaped as x.
 * @throws ShapeError at a rate that is rounded to nothing or to all
 */
export function dropout(x: Node, noise: Node, rate: number): Node {
  const fault = faultOfRate(rate);
  if (fault !== undefined) throw new ShapeError(`dropout: ${rate} ${fault}`);
  return rate === 0 ? x : apply(dropoutOp, [x, noise], { dropped: droppedBytes(rate) });
}
