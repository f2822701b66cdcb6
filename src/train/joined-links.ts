import type { Link } from "../graph/chain.ts";

/** How a step goes through a chain. */
export interface DividedChain {
  /** Links that are programs of their own, the first ones. */
  readonly single: readonly Link[];
  /** Links that are one program, there and back, so that what the way back reads never leaves onnxruntime's own memory. */
  readonly joined: readonly Link[];
}

/**
 * Joined are the links that are kept; where all are, with the frozen ones below. The last is always one of them, for its way
 * back begins where its way there ends.
 */
export function divideChain(chain: readonly Link[], keeps: ReadonlySet<Link>): DividedChain {
  const trained = chain.findIndex(({ backward }) => backward);
  const kept = chain.findIndex((link) => link.backward && keeps.has(link));
  const start = kept < 0 ? chain.length - 1 : kept === trained ? 0 : kept;
  return { single: chain.slice(0, start), joined: chain.slice(start) };
}
