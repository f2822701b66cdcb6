import type { Op } from "../node.ts";
import { afterOp } from "./after.ts";
import { blockProductOp, widenBlocksOp } from "./block-product.ts";
import { againOp, castOp, stopGradientOp } from "./cast.ts";
import { crossEntropyOp } from "./cross-entropy.ts";
import { dropoutOp } from "./dropout.ts";
import { addOp, divOp, mulOp, subOp } from "./elementwise.ts";
import { geluOp } from "./gelu.ts";
import { int8ProductOp, widenInt8Op } from "./int8-product.ts";
import { embeddingOp, oneHotOp, prefixMaskOp } from "./lookup.ts";
import { matmulOp } from "./matmul.ts";
import { layerNormOp, rmsNormOp } from "./norms.ts";
import { broadcastToOp, sumOp } from "./reduce.ts";
import { reshapeOp, transposeOp } from "./reshape.ts";
import { ropeOp } from "./rope.ts";
import { concatOp, padOp, sliceOp } from "./slice.ts";
import { softmaxOp } from "./softmax.ts";
import { constantOp, inputOp } from "./source.ts";
import { expOp, logOp, rsqrtOp, sigmoidOp, tanhOp } from "./unary.ts";

export { after } from "./after.ts";
export { blockProduct, widenBlocks } from "./block-product.ts";
export { again, cast, stopGradient } from "./cast.ts";
export { crossEntropy } from "./cross-entropy.ts";
export { dropout } from "./dropout.ts";
export { add, div, mul, scale, shift, sub } from "./elementwise.ts";
export { gelu } from "./gelu.ts";
export { INT8_REST_PARTS, INT8_WEIGHT_LIMIT, int8Product, widenInt8 } from "./int8-product.ts";
export { embedding, oneHot, prefixMask, takeRows } from "./lookup.ts";
export { matmul } from "./matmul.ts";
export { layerNorm, rmsNorm } from "./norms.ts";
export { broadcastTo, sum, sumTo } from "./reduce.ts";
export { reshape, transpose } from "./reshape.ts";
export { rope } from "./rope.ts";
export { concat, pad, slice } from "./slice.ts";
export { softmax } from "./softmax.ts";
export { constant, input, scalar } from "./source.ts";
export { exp, log, rsqrt, sigmoid, tanh } from "./unary.ts";

/** Every op there is. A new record is added here and nowhere else. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds ops of all kinds of attributes.
export const allOps: readonly Op<any>[] = [
  inputOp,
  constantOp,
  addOp,
  subOp,
  mulOp,
  divOp,
  expOp,
  logOp,
  rsqrtOp,
  sigmoidOp,
  tanhOp,
  geluOp,
  sumOp,
  broadcastToOp,
  reshapeOp,
  transposeOp,
  sliceOp,
  padOp,
  concatOp,
  matmulOp,
  blockProductOp,
  int8ProductOp,
  widenInt8Op,
  widenBlocksOp,
  softmaxOp,
  rmsNormOp,
  layerNormOp,
  ropeOp,
  embeddingOp,
  oneHotOp,
  prefixMaskOp,
  crossEntropyOp,
  dropoutOp,
  castOp,
  stopGradientOp,
  againOp,
  afterOp,
];
