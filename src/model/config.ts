import type { BlockLayout } from "../formats/blockwise.ts";

/** How many whole numbers of 8 bits stand for one of a matrix: 2 are as exact as a half. */
export type Int8Pieces = 1 | 2;

/** The vision tower: SigLIP so400m in PaliGemma (Zhai et al. 2023; 27 layers, width 1152, patch 14). */
export interface SiglipConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly layerNormEps: number;
}

/** The language model: Gemma (Gemma Team 2024; 18 layers, width 2048, 8 heads over 1 key/value head of size 256). */
export interface GemmaConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly maxPositions: number;
}

/** PaliGemma = SigLIP → one linear projection → Gemma (Beyer et al. 2024). */
export interface PaliGemmaConfig {
  readonly vision: SiglipConfig;
  readonly text: GemmaConfig;
  readonly imageTokenId: number;
  readonly padTokenId: number;
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  /** How the matrices of linear layers are kept where they are quantised (weight-blocks.ts). */
  readonly blocks?: BlockLayout | undefined;
  /** How many whole numbers of 8 bits each number of these matrices is in memory, whatever it is in files; absent: it is none. */
  readonly int8?: Int8Pieces;
}

/** How many tokens one image becomes: (imageSize / patchSize)². */
export function numImageTokens({ imageSize, patchSize }: SiglipConfig): number {
  return (imageSize / patchSize) ** 2;
}
