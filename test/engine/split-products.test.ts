import { expect, test } from "vitest";
import { planLifetimes } from "../../src/engine/lifetimes.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { splitProducts } from "../../src/engine/split-products.ts";
import { f32ToF16 } from "../../src/formats/half.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import { cast, input, matmul } from "../../src/graph/ops/index.ts";
import { random } from "../../src/util/random.ts";
import { tensor } from "../../src/util/tensor.ts";
import { relativeError } from "../support/errors.ts";

const [ROWS, OUT, WIDTH] = [3, 1000, 64];
const generator = random(0, "split products");
const draw = (length: number) => Float32Array.from({ length }, () => generator.normal());
const feeds = {
  x: tensor("f32", [ROWS, WIDTH], draw(ROWS * WIDTH)),
  dy: tensor("f32", [ROWS, OUT], draw(ROWS * OUT)),
  w: tensor("f16", [OUT, WIDTH], f32ToF16(draw(OUT * WIDTH))),
};
const weight = () => cast(input("w", "f16", [OUT, WIDTH]), "f32");
const logits = () => matmul(input("x", "f32", [ROWS, WIDTH]), weight(), { transB: true, alpha: 0.5 });
const back = () => matmul(input("dy", "f32", [ROWS, OUT]), weight());

/** Bytes of a weight of 90 rows in float32: 1,000 rows make eleven parts and a last of ten rows. */
const MOST = 90 * WIDTH * 4;

test("a product with a large weight in half is taken in parts of its rows, both ways", async () => {
  for (const { y, fed } of [
    { y: logits(), fed: ["x", "w"] as const },
    { y: back(), fed: ["dy", "w"] as const },
  ]) {
    const graph = makeGraph({ y });
    const split = splitProducts(graph, MOST);
    expect(planLifetimes(split).peakBytes).toBeLessThan(0.3 * planLifetimes(graph).peakBytes);
    const [whole, parts] = await Promise.all(
      [graph, split].map(async (each) => {
        const program = await ortEngine().compile(each);
        return (await program.run(Object.fromEntries(fed.map((name) => [name, feeds[name]])))).y!.data as Float32Array;
      }),
    );
    expect(relativeError(parts!, whole!)).toBeLessThan(1e-6);
  }
});

test("a graph without large weights stays what it is", () => {
  const graph = makeGraph({ y: logits() });
  expect(splitProducts(graph)).toBe(graph);
});
