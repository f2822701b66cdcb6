import { beforeAll, describe, expect, test } from "vitest";
import type { Tensors } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { input } from "../../src/graph/ops/index.ts";
import { numImageTokens } from "../../src/model/config.ts";
import { type Adapter, bindWeights, type LoraBinding, viewAdapter } from "../../src/model/lora.ts";
import {
  imageFeatures,
  type PaliGemma,
  paligemmaParameters,
  readSequence,
  readToken,
} from "../../src/model/paligemma.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeError } from "../support/errors.ts";
import { GOLDENS, type Golden, goldenKey, loadGolden } from "../support/goldens.ts";
import { mergeAdapter } from "../support/merge-adapter.ts";

async function run(
  golden: Golden,
  outputs: (p: PaliGemma<Node>) => Record<string, Node>,
  feeds: Tensors,
  lora?: LoraBinding,
  weights = golden.model.weights,
) {
  const graph = makeGraph(outputs(bindWeights(paligemmaParameters(golden.model.config), golden.model.dtype, lora)));
  const used = (tensors: Tensors) =>
    Object.fromEntries(Object.entries(tensors).filter(([name]) => graph.inputs.has(name)));
  return (await ortEngine().compile(graph, used(weights))).run(used(feeds));
}

/** Logits [3,n+T,V] at every place of the golden's batch. */
async function allLogits(
  golden: Golden,
  lora?: LoraBinding,
  adapter: Adapter = new Map(),
  weights = golden.model.weights,
): Promise<Float32Array> {
  const { config: c } = golden.model;
  const n = numImageTokens(c.vision);
  const text = golden.batch.tokens.length / 3;
  const size = n + text;
  const feeds = {
    pixels: golden.tensors.get("in.pixel_values")!,
    tokens: tensor("i32", [3, text], golden.batch.tokens),
    prefixLengths: tensor(
      "i32",
      [3],
      golden.batch.prefixLengths.map((length) => n + length),
    ),
    rows: tensor(
      "i32",
      [3, size],
      Int32Array.from({ length: 3 * size }, (_, i) => i % size),
    ),
    ...viewAdapter(adapter),
  };
  const outputs = (p: PaliGemma<Node>) => {
    const declared = (name: keyof typeof feeds) => input(name, feeds[name]!.dtype, feeds[name]!.shape);
    const features = imageFeatures(declared("pixels"), p, c);
    return {
      logits: readSequence(
        features,
        { tokens: declared("tokens"), prefixLengths: declared("prefixLengths"), rows: declared("rows") },
        p,
        c,
      ).logits,
    };
  };
  return (await run(golden, outputs, feeds, lora, weights)).logits!.data as Float32Array;
}

/** Only real tokens count: what a padding place answers, nobody reads. */
function realRows(golden: Golden, logits: Float32Array): Float32Array {
  const v = golden.model.config.text.vocabSize;
  const mask = golden.tensors.get("in.attention_mask")!.data as BigInt64Array;
  return logits.filter((_, i) => mask[Math.floor(i / v)] === 1n);
}

describe.each(GOLDENS)("%s, against transformers", (name) => {
  let golden: Golden;
  const expected = (key: string) => golden.tensors.get(key)!.data as Float32Array;
  beforeAll(async () => {
    golden = await loadGolden(name);
  });

  test("image features", async () => {
    const pixels = golden.tensors.get("in.pixel_values")!;
    const { features } = await run(
      golden,
      (p) => ({ features: imageFeatures(input("pixels", "f32", pixels.shape), p, golden.model.config) }),
      { pixels },
    );
    expect(relativeError(features!.data as Float32Array, expected("base.image_features"))).toBeLessThan(1e-4);
  });

  test("logits of the base, of the adapter, and of both merged", async () => {
    const { model, adapter, lora } = golden;
    const compare = (logits: Float32Array, key: string) =>
      relativeError(realRows(golden, logits), realRows(golden, expected(key)));
    expect(compare(await allLogits(golden), "base.logits")).toBeLessThan(1e-4);
    const adapted = await allLogits(golden, lora, adapter);
    expect(compare(adapted, "lora.logits")).toBeLessThan(1e-4);
    const merged = await allLogits(golden, undefined, undefined, mergeAdapter(model.weights, adapter, lora.scale));
    expect(relativeError(merged, adapted), "the adapter beside the weight, against the adapter within it").toBeLessThan(
      1e-5,
    );
  });

  test("merged logits after six steps of training", async () => {
    const { model, lora } = golden;
    const trained: Adapter = new Map(
      lora.modules.map(({ path }) => {
        const matrix = (which: "a" | "b") =>
          golden.tensors.get(`adamw.final.${goldenKey(path, which)}`) as Tensor<"f32">;
        return [path, { a: matrix("a"), b: matrix("b") }];
      }),
    );
    const merged = await allLogits(golden, undefined, undefined, mergeAdapter(model.weights, trained, lora.scale));
    expect(relativeError(realRows(golden, merged), realRows(golden, expected("merged.logits")))).toBeLessThan(1e-4);
  });

  test("an adapter whose B is zero changes nothing: step 0 is the base", async () => {
    const { adapter, lora } = golden;
    const fresh: Adapter = new Map(
      [...adapter].map(([path, { a, b }]) => [path, { a, b: tensor("f32", b.shape, new Float32Array(b.data.length)) }]),
    );
    expect(await allLogits(golden, lora, fresh)).toEqual(await allLogits(golden));
  });

  test("half-precision weights stay close", async () => {
    const half = await loadGolden(name, "f16");
    expect(
      relativeError(realRows(half, await allLogits(half)), realRows(golden, expected("base.logits"))),
    ).toBeLessThan(5e-3);
  });

  test("the prompt and then one token at a time, with a cache, is one forward pass", async () => {
    const { config: c } = golden.model;
    const [n, row] = [numImageTokens(c.vision), 0];
    const prefix = golden.batch.prefixLengths[row]!;
    const suffix = golden.batch.suffixLengths[row]!;
    const width = golden.batch.tokens.length / 3;
    const tokens = golden.batch.tokens.subarray(row * width, row * width + prefix + suffix);
    const capacity = n + prefix + suffix + 3;
    const { numKvHeads: heads, headDim } = c.text;
    const shape = [1, heads, capacity, headDim];
    /** Keys or values [1,K,T,H] at places of a buffer [1,K,C,H]. */
    const put = (buffer: Float32Array, vectors: Float32Array, place: number) => {
      const size = vectors.length / heads;
      for (let head = 0; head < heads; head++)
        buffer.set(vectors.subarray(head * size, (head + 1) * size), (head * capacity + place) * headDim);
    };
    const names = c.text.numLayers;

    const pixels = tensor(
      "f32",
      [1, 3, c.vision.imageSize, c.vision.imageSize],
      golden.batch.pixels.slice(0, golden.batch.pixels.length / 3),
    );
    const prompt = {
      pixels,
      tokens: tensor("i32", [1, prefix], tokens.slice(0, prefix)),
      prefixLengths: tensor("i32", [1], Int32Array.of(n + prefix)),
      rows: tensor("i32", [1, 1], Int32Array.of(n + prefix - 1)),
    };
    const first = await run(
      golden,
      (p) => {
        const declared = (name: keyof typeof prompt) => input(name, prompt[name].dtype, prompt[name].shape);
        const { cache } = readSequence(
          imageFeatures(declared("pixels"), p, c),
          { tokens: declared("tokens"), prefixLengths: declared("prefixLengths"), rows: declared("rows") },
          p,
          c,
        );
        return Object.fromEntries(
          cache.flatMap(({ k, v }, i) => [
            [`k${i}`, k],
            [`v${i}`, v],
          ]),
        );
      },
      prompt,
    );
    const buffers: Record<string, Float32Array> = {};
    for (const [name, { data }] of Object.entries(first)) {
      buffers[name] = new Float32Array(heads * capacity * headDim);
      put(buffers[name], data as Float32Array, 0);
    }

    const whole = golden.tensors.get("base.logits")!;
    const v = c.text.vocabSize;
    for (let step = 0; step < suffix; step++) {
      const filled = n + prefix + step;
      const feeds = {
        token: tensor("i32", [1, 1], tokens.slice(prefix + step, prefix + step + 1)),
        filled: tensor("i32", [1], Int32Array.of(filled)),
        ...Object.fromEntries(Object.entries(buffers).map(([name, data]) => [name, tensor("f32", shape, data)])),
      };
      const next = await run(
        golden,
        (p) => {
          const past = Array.from({ length: names }, (_, i) => ({
            k: input(`k${i}`, "f32", shape),
            v: input(`v${i}`, "f32", shape),
          }));
          const { logits, cache } = readToken(
            { token: input("token", "i32", [1, 1]), filled: input("filled", "i32", [1]), past },
            p,
            c,
          );
          return {
            logits,
            ...Object.fromEntries(
              cache.flatMap(({ k, v }, i) => [
                [`new k${i}`, k],
                [`new v${i}`, v],
              ]),
            ),
          };
        },
        feeds,
      );
      for (const name of Object.keys(buffers)) put(buffers[name]!, next[`new ${name}`]!.data as Float32Array, filled);
      const at = (row * whole.shape[1]! + filled) * v;
      expect(
        relativeError(next.logits!.data as Float32Array, (whole.data as Float32Array).subarray(at, at + v)),
        `step ${step}`,
      ).toBeLessThan(1e-4);
    }
  });
});
