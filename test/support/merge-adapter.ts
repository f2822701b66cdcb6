import type { Tensors } from "../../src/engine/engine.ts";
import type { Adapter } from "../../src/model/lora.ts";
import { mergeWeight } from "../../src/model/merge.ts";

/** The weights with an adapter folded in, W + s·B·A in float32 before any rounding; weights without one are shared. */
export function mergeAdapter(weights: Tensors, adapter: Adapter, scale: number): Tensors {
  const merged = [...adapter].map(([path, { a, b }]) => {
    const name = `${path}.weight`;
    return [name, mergeWeight(weights[name]!, a, b, scale)] as const;
  });
  return { ...weights, ...Object.fromEntries(merged) };
}
