import { describe, expect, test } from "vitest";
import { initAdapter, type LoraModule, loraModules, loraScale, parametersOf } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { random } from "../../src/util/random.ts";
import { sizeOf } from "../../src/util/tensor.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

const SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const model = paligemmaParameters(PALIGEMMA_3B);
const targeted = (targets: string | readonly string[], exclude: string | null = null) =>
  loraModules(model, { targets, exclude });
const trainable = (modules: readonly LoraModule[], rank: number) =>
  modules.reduce((n, { out, in: width }) => n + rank * (out + width), 0);

test("the declared weights of PaliGemma-3B are its 2,924,351,216 parameters", () => {
  const weights = parametersOf(model);
  expect(weights.reduce((n, { shape }) => n + sizeOf(shape), 0)).toBe(2_924_351_216);
  expect(new Set(weights.map(({ name }) => name)).size).toBe(weights.length);
});

describe("targets choose what PEFT chooses on PaliGemma-3B", () => {
  test.each([
    ["the seven names of the notebook: SigLIP's q, k and v too", SEVEN, 414, 11_298_816],
    ["a regular expression for the language model", `.*language_model.*\\.(${SEVEN.join("|")})`, 252, 9_805_824],
    ["q and v", ["q_proj", "v_proj"], 180, 1_916_928],
    ["all of attention", ["q_proj", "k_proj", "v_proj", "o_proj"], 306, 3_336_192],
    ["all-linear: the projector too, the output layer not", "all-linear", 578, 14_179_072],
  ])("%s", (_, targets, matrices, parameters) => {
    const modules = targeted(targets);
    expect(2 * modules.length).toBe(matrices);
    expect(trainable(modules, 8)).toBe(parameters);
  });

  test("a suffix is a whole name, or names that end a path", () => {
    expect(() => targeted(["proj"])).toThrow("lora.targets: proj matches no layer of the model");
    expect(targeted(["self_attn.q_proj"])).toHaveLength(27 + 18);
  });

  test("a regular expression must match the whole path, in the spelling of any release of transformers", () => {
    expect(() => targeted("language_model")).toThrow("matches no layer");
    const spellings = ["language_model.model", "model.language_model"].map((root) =>
      targeted(`${root.replace(".", "\\.")}\\.layers\\.0\\..*`),
    );
    expect(spellings[0]).toHaveLength(7);
    expect(spellings[1]).toEqual(spellings[0]);
  });

  test("what is excluded has no adapter", () => {
    expect(targeted(SEVEN, ".*vision_tower.*")).toEqual(targeted(`.*language_model.*\\.(${SEVEN.join("|")})`));
  });

  test("where all that is targeted is excluded, it is lora.exclude that is at fault", () => {
    expect(() => targeted(["q_proj"], ".*_proj")).toThrow(/^lora\.exclude: "\.\*_proj" leaves none of the layers/);
  });

  test("one wrong name among right ones is refused", () => {
    expect(() => targeted(["q_proj", "v_porj"])).toThrow("lora.targets: v_porj matches no layer of the model");
  });
});

test("the scale is alpha / rank, or alpha / √rank for rsLoRA", () => {
  expect(loraScale({ rank: 16, alpha: 32, rslora: false })).toBe(2);
  expect(loraScale({ rank: 16, alpha: 32, rslora: true })).toBe(8);
});

test("a fresh adapter has B zero and A uniform within ±1/√in, by the seed", () => {
  const modules = [{ path: "a", out: 32, in: 64 }];
  const { a, b } = initAdapter(modules, 8, random(1, "adapter")).get("a")!;
  expect([a.shape, b.shape]).toEqual([
    [8, 64],
    [32, 8],
  ]);
  expect(b.data.every((value) => value === 0)).toBe(true);
  expect(Math.max(...a.data.map(Math.abs))).toBeLessThanOrEqual(1 / 8);
  expect(Math.max(...a.data)).toBeGreaterThan(0.12);
  expect(Math.min(...a.data)).toBeLessThan(-0.12);
  expect(initAdapter(modules, 8, random(1, "adapter")).get("a")!.a.data).toEqual(a.data);
  expect(initAdapter(modules, 8, random(2, "adapter")).get("a")!.a.data).not.toEqual(a.data);
});
