import { expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { watchEngine } from "../../src/engine/profile.ts";
import { cutChain } from "../../src/graph/chain.ts";
import { gelu, input, matmul, reshape, sum } from "../../src/graph/ops/index.ts";
import { layeredLoss } from "../../src/train/layered-loss.ts";
import { tensor } from "../../src/util/tensor.ts";

/** Wide enough for a layer's product to be worth keeping. */
const WIDTH = 520;
const weightOf = (layer: number) => `language_model.model.layers.${layer}.weight`;

test("whoever watches hears of each layer by its name, and of what is computed again", async () => {
  const weights = [0, 1].map((layer) => input(weightOf(layer), "f32", [WIDTH, WIDTH]));
  const first = gelu(matmul(input("features", "f32", [2, WIDTH]), weights[0]!));
  const second = gelu(matmul(first, weights[1]!));
  const chain = cutChain([first, second, reshape(sum(second, [0, 1]), [])], [weightOf(0), weightOf(1)]);
  const numbers = (size: number) => new Float32Array(size * WIDTH).fill(0.01);
  const feeds = {
    features: tensor("f32", [2, WIDTH], numbers(2)),
    ...Object.fromEntries([0, 1].map((layer) => [weightOf(layer), tensor("f32", [WIDTH, WIDTH], numbers(WIDTH))])),
  };
  const watch = watchEngine(ortEngine());
  const loss = layeredLoss(watch.engine, {}, { chainOf: () => chain, keep: () => new Set() });
  watch.start();
  const noise = () => expect.unreachable("there is no dropout");
  await loss.differentiate({ rows: 2, text: 1, answer: 1, image: "features" }, { feeds, noise }, {});
  const { phases } = watch.stop();
  await loss.release();
  expect(phases.map(({ name }) => name).filter((name) => name !== "compile")).toEqual([
    "forward, language layer 0",
    "forward, language layer 1",
    "forward and backward, embeddings and up",
    "forward again, language layer 1",
    "backward, language layer 1",
    "forward again, language layer 0",
    "backward, language layer 0",
  ]);
});
