import { expect, test } from "vitest";
import { type TfjsEngine, tfjsEngine } from "../../../src/engine/tfjs/tfjs.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { input, matmul } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

const graph = makeGraph({ y: matmul(input("x", "f32", [64, 64]), input("w", "f32", [64, 64])) });
const identity = tensor(
  "f32",
  [64, 64],
  Float32Array.from({ length: 64 * 64 }, (_, i) => +(i % 65 === 0)),
);
const x = tensor(
  "f32",
  [64, 64],
  Float32Array.from({ length: 64 * 64 }, (_, i) => i),
);

async function multiply(engine: TfjsEngine): Promise<void> {
  const program = await engine.compile(graph, { w: identity });
  for (let run = 0; run < 5; run++) expect((await program.run({ x })).y.data).toEqual(x.data);
  await program.release();
}

test("both backends may be opened and used at once", async () => {
  const listeners = ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
  await Promise.all((["wasm", "cpu"] as const).map(async (backend) => multiply(await tfjsEngine({ backend }))));
  // What becomes of an error that nobody catches stays the process's affair.
  expect(["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event))).toEqual(listeners);
});

test("engines share a backend and its constants: as many engines as one likes hold no more", async () => {
  const once = await tfjsEngine({ backend: "cpu" });
  await multiply(once);
  const before = once.backend.liveTensors;
  for (let engine = 0; engine < 3; engine++) await multiply(await tfjsEngine({ backend: "cpu" }));
  expect(once.backend.liveTensors).toBe(before);
});

test("what tfjs has no type for is refused when it is compiled", async () => {
  const wide = makeGraph({ y: input("x", "i64", [2]) });
  await expect((await tfjsEngine({ backend: "cpu" })).compile(wide)).rejects.toThrow("tfjs has no i64: input [2]");
});
