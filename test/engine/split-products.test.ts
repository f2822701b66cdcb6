import { expect, test } from "vitest";
import { planLifetimes } from "../../src/engine/lifetimes.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { compileBound } from "../../src/engine/programs.ts";
import { splitProducts } from "../../src/engine/split-products.ts";
import { quantizeBlocks } from "../../src/formats/blockwise.ts";
import { f32ToF16 } from "../../src/formats/half.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { cast, input, matmul, widenBlocks } from "../../src/graph/ops/index.ts";
import { random } from "../../src/util/random.ts";
import { tensor } from "../../src/util/tensor.ts";
import { relativeError } from "../support/errors.ts";

const [ROWS, OUT, WIDTH] = [3, 1000, 64];
const generator = random(0, "split products");
const draw = (length: number) => Float32Array.from({ length }, () => generator.normal());
const blocks = { bits: 4, block: 32 } as const;
const { packed, scales } = quantizeBlocks(tensor("f32", [OUT, WIDTH], draw(OUT * WIDTH)), blocks);
const feeds = {
  x: tensor("f32", [ROWS, WIDTH], draw(ROWS * WIDTH)),
  dy: tensor("f32", [ROWS, OUT], draw(ROWS * OUT)),
  halves: tensor("f16", [OUT, WIDTH], f32ToF16(draw(OUT * WIDTH))),
  packed: tensor("u8", [OUT, WIDTH / 32, 16], packed),
  scales: tensor("f32", [OUT, WIDTH / 32], scales),
};
const weights = {
  half: () => cast(input("halves", "f16", [OUT, WIDTH]), "f32"),
  blocks: () =>
    widenBlocks(input("packed", "u8", [OUT, WIDTH / 32, 16]), input("scales", "f32", [OUT, WIDTH / 32]), {
      ...{ out: OUT, in: WIDTH },
      ...blocks,
    }),
};
const logits = (weight = weights.half()) =>
  matmul(input("x", "f32", [ROWS, WIDTH]), weight, { transB: true, alpha: 0.5 });
const back = (weight: Node) => matmul(input("dy", "f32", [ROWS, OUT]), weight);

/** Bytes of a weight of 90 rows in float32: 1,000 rows make eleven parts and a last of ten rows. */
const MOST = 90 * WIDTH * 4;

test.each(["half", "blocks"] as const)(
  "a product with a large weight in %s is taken in parts of its rows, both ways",
  async (kind) => {
    for (const y of [logits(weights[kind]()), back(weights[kind]())]) {
      const graph = makeGraph({ y });
      const split = splitProducts(graph, MOST);
      expect(planLifetimes(split).peakBytes).toBeLessThan(0.3 * planLifetimes(graph).peakBytes);
      const [whole, parts] = await Promise.all(
        [graph, split].map(async (each) => {
          const program = await compileBound(ortEngine(), each, feeds);
          return (await program.run({})).y!.data as Float32Array;
        }),
      );
      expect(relativeError(parts!, whole!)).toBeLessThan(1e-6);
    }
  },
);

test("a graph without large weights stays what it is", () => {
  const graph = makeGraph({ y: logits() });
  expect(splitProducts(graph)).toBe(graph);
});
