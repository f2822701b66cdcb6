import { expect, test, vi } from "vitest";
import { ortEngine } from "../../../src/engine/ort/ort.ts";
import { createSession } from "../../../src/engine/ort/session.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { input, scale } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

vi.mock(import("../../../src/engine/ort/session.ts"));

test("when a weight does not fit on the device no session stays open, and a later try is not told the old failure", async () => {
  let open = 0;
  const session = (run: () => Promise<object>) => {
    open++;
    return { run, release: async () => void open-- } as never;
  };
  const full = async () => Promise.reject(new Error("out of memory"));
  vi.mocked(createSession).mockImplementation(async (graph) =>
    session(graph.inputs.has("w") ? async () => ({}) : vi.fn(async () => ({ y: {} })).mockImplementationOnce(full)),
  );
  const engine = ortEngine({ providers: ["webgpu"] });
  const graph = makeGraph({ y: scale(input("w", "f32", [2]), 2) });
  const weights = { w: tensor("f32", [2], Float32Array.of(1, 2)) };
  await expect(engine.compile(graph, weights)).rejects.toThrow("out of memory");
  const [uploader] = [open];
  expect(uploader).toBe(1); // it stays on purpose, for the device's sake
  const program = await engine.compile(graph, weights);
  await program.release();
  expect(open).toBe(uploader);
});
