import type { Tensors } from "../engine/engine.ts";
import type { PaliGemmaConfig } from "./config.ts";

/** A frozen base model in memory. */
export interface Model {
  readonly config: PaliGemmaConfig;
  readonly dtype: "f32" | "f16";
  /** Every weight by its hub-original name. */
  readonly weights: Tensors;
}
