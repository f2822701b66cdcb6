import { beforeEach, describe, expect, test } from "vitest";
import { f32ToF16 } from "../../../src/formats/half.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { constant, input, stopGradient } from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/util/tensor.ts";
import { openTfjs, TFJS_BACKENDS, whyNot } from "../../support/engines.ts";

const VALUES: readonly Tensor[] = [
  { dtype: "f32", shape: [2], data: Float32Array.of(1.5, -2) },
  { dtype: "f16", shape: [2], data: f32ToF16(Float32Array.of(1.5, -65504)) },
  { dtype: "i32", shape: [2], data: Int32Array.of(1, -(2 ** 31)) },
  { dtype: "u8", shape: [2], data: Uint8Array.of(1, 255) },
  { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) },
];

describe.each(TFJS_BACKENDS)("%s", (backend) => {
  beforeEach(({ skip }) => {
    const reason = whyNot(backend);
    if (reason) skip(reason);
  });

  test.each(VALUES)("an output may be $dtype, and an input or a constant itself", async (value) => {
    const engine = await openTfjs(backend);
    const x = input("x", value.dtype, value.shape);
    const program = await engine.compile(makeGraph({ fed: x, computed: stopGradient(x), known: constant(value) }));
    const before = engine.backend.liveTensors;
    const outputs = await program.run({ x: value });
    for (const name of ["fed", "computed", "known"]) expect(outputs[name], name).toEqual(value);
    expect(engine.backend.liveTensors).toBe(before);
    await program.release();
  });
});
