import type { Link } from "../graph/chain.ts";

/**
 * The links at the end of a chain that are one program, there and back, so that what the way back reads never leaves
 * onnxruntime's own memory: those that are kept; where all are, with the frozen ones below. The last is always one of them, for
 * its way back begins where its way there ends.
 */
export function joinedLinks(chain: readonly Link[], keeps: ReadonlySet<Link>): readonly Link[] {
  const firstKept = chain.findIndex((link) => link.backward && keeps.has(link));
  if (firstKept < 0) return chain.slice(-1);
  return firstKept === chain.findIndex(({ backward }) => backward) ? chain : chain.slice(firstKept);
}
