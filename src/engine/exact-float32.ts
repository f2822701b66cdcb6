/**
 * What NVIDIA's libraries read once, when they are loaded. Without it products of float32 on newer GPUs round their factors to
 * TF32's 10 bits of 23 (measured on an H100: off by 4e-4); LoRA is in float32 because it needs them.
 */
export const EXACT_FLOAT32 = { NVIDIA_TF32_OVERRIDE: "0" } as const;
