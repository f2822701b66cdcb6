import type { PaliGemmaConfig } from "../../src/model/config.ts";

/** google/paligemma-3b-pt-448. */
export const PALIGEMMA_3B: PaliGemmaConfig = {
  vision: {
    hiddenSize: 1152,
    intermediateSize: 4304,
    numLayers: 27,
    numHeads: 16,
    imageSize: 448,
    patchSize: 14,
    layerNormEps: 1e-6,
  },
  text: {
    hiddenSize: 2048,
    intermediateSize: 16384,
    numLayers: 18,
    numHeads: 8,
    numKvHeads: 1,
    headDim: 256,
    vocabSize: 257216,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 8192,
  },
  imageTokenId: 257152,
  padTokenId: 0,
  bosTokenId: 2,
  eosTokenId: 1,
};
