import { sizeOf } from "../../util/tensor.ts";
import { apply, bindShape, defineOp, type Node, type Op, ShapeError, type TfjsKernels, type Type } from "../node.ts";
import { scale } from "./elementwise.ts";
import { ONE_ROUNDING } from "./loops.ts";
import { ONNX_DTYPE } from "./onnx-values.ts";

/**
 * Rotary position embedding (Su et al. 2021) in the half-split form of GPT-NeoX and Gemma: of each head the pair
 * (x_i, x_{i+H/2}) is turned by the angle of its position.
 * x [B,T,N·H], positions [B,T], cos and sin [P,H/2] → [B,T,N·H].
 */
export const ropeOp: Op<null> = defineOp<null>({
  name: "rope",
  type: ([x, positions, cos, sin]) => {
    const { B, T, D } = bindShape<"B" | "T" | "D">("rope x", { type: x! }, "B T D");
    bindShape("rope positions", { type: positions! }, "B T", { B, T });
    const { P, Half } = bindShape<"P" | "Half">("rope cos", { type: cos! }, "P Half");
    bindShape("rope sin", { type: sin! }, "P Half", { P, Half });
    if (D % (2 * Half) !== 0) throw new ShapeError(`rope: width ${D} is no multiple of the head size ${2 * Half}`);
    return x!;
  },
  // A rotation's transpose turns the other way.
  vjp: (dy, [, positions, cos, sin]) => [() => rope(dy, positions!, cos!, scale(sin!, -1)), null, null, null],
  onnx: (emit, [x, positions, cos, sin]) =>
    emit.node(
      "RotaryEmbedding",
      [x!, emit.node("Cast", [positions!], { to: ONNX_DTYPE.i64 }), cos!, sin!],
      { interleaved: 0 },
      "com.microsoft",
    ),
  tfjs<X>(k: TfjsKernels<X>, [x, positions, cos, sin]: readonly X[], _attrs: null, [type, , table]: readonly Type[]) {
    const [b, t, d] = type!.shape as [number, number, number];
    const half = table!.shape[1]!;
    const pairs = k.reshape(x!, [b * t, d / (2 * half), 2, half]);
    const part = (which: 0 | 1) => k.slice(pairs, [0, 0, which, 0], [b * t, d / (2 * half), 1, half]);
    const turn = (angles: X) => k.reshape(k.gather(angles, positions!), [b * t, 1, 1, half]);
    const [x1, x2, c, s] = [part(0), part(1), turn(cos!), turn(sin!)];
    const turned = [k.sub(k.mul(x1, c), k.mul(x2, s)), k.add(k.mul(x2, c), k.mul(x1, s))];
    return k.reshape(k.concat(turned, 2), [b, t, d]);
  },
  reference: ([x, positions, cos, sin]) => {
    const half = cos!.shape[1]!;
    const width = x!.shape[2]!;
    const data = new Float64Array(x!.data.length);
    for (let i = 0; i < data.length; i++) {
      const position = positions!.data[Math.floor(i / width)]!;
      const within = i % (2 * half);
      const angle = position * half + (within % half);
      const partner = within < half ? -x!.data[i + half]! : x!.data[i - half]!;
      data[i] = x!.data[i]! * cos!.data[angle]! + partner * sin!.data[angle]!;
    }
    return { shape: x!.shape, data };
  },
  flops: (_inputs, result) => 3 * sizeOf(result.shape),
  samples: [
    { label: "two heads", inputs: [[2, 3, 8], { shape: [2, 3], below: 5 }, [5, 2], [5, 2]], attrs: null },
    { label: "one head, one token", inputs: [[2, 1, 4], { shape: [2, 1], below: 5 }, [5, 2], [5, 2]], attrs: null },
  ],
  tolerance: ONE_ROUNDING,
});

export const rope = (x: Node, positions: Node, cos: Node, sin: Node): Node =>
  apply(ropeOp, [x, positions, cos, sin], null);
