/** What TensorFlow and onnxruntime say when a device has no room for a tensor. */
export const isOutOfMemory = (error: unknown): boolean =>
  /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|failed to allocate|smaller than requested/i.test((error as Error).message);

/** What to do then. */
export const OUT_OF_MEMORY_HINT =
  "lower train.batch and raise train.accumulate, set engine.weights to fp16, or train.residuals to recompute";
