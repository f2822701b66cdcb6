import { paddedLength, type TokenizedSample } from "./tokenize.ts";

/** What is asked, in tokens. */
type Asked = Pick<TokenizedSample, "prefix">;

const widthOf = ({ prefix }: Asked) => paddedLength(prefix.length);

/**
 * Rows in groups of at most `batch`, all of one padded length: a row is padded the same whichever rows are beside it. Rows of
 * one image come close together, in the order in which the first of them stands.
 */
export function groupByLength(samples: readonly TokenizedSample[], batch: number): TokenizedSample[][] {
  const byImage = new Map<string, TokenizedSample[]>();
  for (const sample of samples) listAt(byImage, sample.imagePath).push(sample);
  const open = new Map<number, TokenizedSample[]>();
  const groups: TokenizedSample[][] = [];
  for (const sample of [...byImage.values()].flat()) {
    const width = widthOf(sample);
    const group = listAt(open, width);
    if (group.push(sample) < batch) continue;
    groups.push(group);
    open.delete(width);
  }
  return [...groups, ...open.values()];
}

function listAt<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** A row's prompt in its padded length, and how long it is without padding. */
export function padPrompt(asked: Asked, padId: number): { tokens: Int32Array; length: number } {
  const tokens = new Int32Array(widthOf(asked)).fill(padId);
  tokens.set(asked.prefix);
  return { tokens, length: asked.prefix.length };
}
