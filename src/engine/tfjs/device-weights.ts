import type { Tensor } from "../../util/tensor.ts";
import type { Backend } from "./backend.ts";

/** Weights and constants on the device. Programs that bind the same tensor share one copy; it goes with the last of them. */
export interface DeviceWeights<X> {
  take(weight: Tensor): X;
  giveBack(weight: Tensor): void;
}

export function deviceWeights<X>({ upload, free }: Pick<Backend<X>, "upload" | "free">): DeviceWeights<X> {
  const held = new Map<Tensor, { readonly x: X; users: number }>();
  return {
    take(weight) {
      const entry = held.get(weight) ?? { x: upload(weight), users: 0 };
      entry.users++;
      held.set(weight, entry);
      return entry.x;
    },
    giveBack(weight) {
      const entry = held.get(weight)!;
      if (--entry.users > 0) return;
      free(entry.x);
      held.delete(weight);
    },
  };
}
