import { join } from "node:path";
import { expect, test } from "vitest";
import { makeGraph } from "../../src/graph/graph.ts";
import { add, input, matmul, scale } from "../../src/graph/ops/index.ts";
import { printGraph } from "../../src/graph/print.ts";
import { batchShape } from "../../src/train/feeds.ts";
import { lossGraph } from "../../src/train/loss-graph.ts";
import { loadGolden } from "../support/goldens.ts";

test("a graph reads as one value a line, with sizes and operations", () => {
  const x = input("x", "f32", [1000, 64]);
  const y = matmul(x, input("w", "f32", [32, 64]), { transB: true });
  expect(printGraph(makeGraph({ y: add(y, scale(y, 0.5)) }))).toBe(
    [
      "%0 f32[1000,64] = input x  256 kB",
      "%1 f32[32,64] = input w  8.2 kB",
      "%2 f32[1000,32] = matmul %0 %1 {transB}  128 kB  4.1 MFLOP",
      "%3 f32[] = constant 0.5  4 B",
      "%4 f32[1000,32] = mul %2 %3  128 kB  32.0 kFLOP",
      "%5 f32[1000,32] = add %2 %4  128 kB  32.0 kFLOP",
      "output y = %5",
      "6 values, 4.2 MFLOP",
      "",
    ].join("\n"),
  );
});

test("the training step of the tiny model is the reviewed one (update with: npx vitest run -u)", async () => {
  const { model, lora, batch } = await loadGolden("tiny");
  const printed = printGraph(lossGraph(model.config, batchShape(batch, model.config), model.dtype, lora));
  await expect(printed).toMatchFileSnapshot(join(import.meta.dirname, "snapshots", "tiny-training-step.txt"));
});
