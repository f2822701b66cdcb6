import { CHARACTER_CLASSES, PATCH_CHARACTERS } from "../data/characters.ts";
import type { Tensors } from "../engine/engine.ts";
import type { Node } from "../graph/node.ts";
import { input, reshape } from "../graph/ops/index.ts";
import { random } from "../util/random.ts";
import { tensor } from "../util/tensor.ts";
import type { PaliGemmaConfig } from "./config.ts";
import { initWeight } from "./init-weights.ts";
import { type Linear, linear, type Parameter } from "./layers.ts";
import { parametersOf } from "./lora.ts";
import { linearAt } from "./parameters.ts";

/*
 * A linear layer that names the characters in each patch of an image, from its features. It teaches an image tower to read
 * while there is no language yet, and is thrown away afterwards.
 */

export function characterHeadParameters({ text }: PaliGemmaConfig): Linear<Parameter> {
  return linearAt("character_head", PATCH_CHARACTERS * CHARACTER_CLASSES, text.hiddenSize, { bias: true });
}

/** Its weights before any training. */
export function initCharacterHead(config: PaliGemmaConfig, seed: number): Tensors {
  const weights = parametersOf(characterHeadParameters(config)).map((parameter) => {
    const { name, shape } = parameter;
    return [name, tensor("f32", shape, initWeight(parameter, random(seed, `weight ${name}`), 0.02))] as const;
  });
  return Object.fromEntries(weights);
}

/** Image features [B,n,D] → logits [B,n,3,C] of the characters, by the graph inputs of the head. */
export function nameCharacters(features: Node, config: PaliGemmaConfig): Node {
  const { path, w, bias } = characterHeadParameters(config);
  const head = { path, w: input(w.name, "f32", w.shape), bias: input(bias!.name, "f32", bias!.shape) };
  const [b, n] = features.type.shape as [number, number];
  return reshape(linear(features, head), [b, n, PATCH_CHARACTERS, CHARACTER_CLASSES]);
}
