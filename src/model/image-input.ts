import type { Batch } from "../data/batches.ts";
import type { Tensors } from "../engine/engine.ts";
import { tensor } from "../util/tensor.ts";
import { numImageTokens, type PaliGemmaConfig } from "./config.ts";

/** How images come to a graph: `pixels` [B,3,S,S], or `features` [B,n,D] that were computed before. */
export type ImageInput = "pixels" | "features";

export type BatchImages = Pick<Batch, "pixels" | "features">;

export const imageInputOf = ({ features }: BatchImages): ImageInput => (features ? "features" : "pixels");

/** The images of B rows as a graph takes them. */
export function feedImages({ pixels, features }: BatchImages, b: number, { vision, text }: PaliGemmaConfig): Tensors {
  return features
    ? { features: tensor("f32", [b, numImageTokens(vision), text.hiddenSize], features) }
    : { pixels: tensor("f32", [b, 3, vision.imageSize, vision.imageSize], pixels) };
}
