import type { Reader } from "./reader.ts";

/** A question as any reader can be asked it. */
export interface Asked {
  /** [3,S,S] */
  readonly pixels: Float32Array;
  /** [T]: `<bos> prompt \n`. */
  readonly prompt: Int32Array;
}

/** The largest difference of logits along the greedy answers of `judge`, relative to its largest logit. */
export async function largestLogitError(
  judge: Reader,
  other: Reader,
  questions: AsyncIterable<Asked>,
  { eosId, maxTokens }: { readonly eosId: number; readonly maxTokens: number },
): Promise<number> {
  let [difference, largest] = [0, 0];
  for await (const { pixels, prompt } of questions) {
    const start = async (reader: Reader) =>
      reader.read([{ features: (await reader.look([pixels]))[0]!, tokens: prompt, length: prompt.length }], maxTokens);
    const [ours, theirs] = [await start(judge), await start(other)];
    for (let length = 0; ; length++) {
      for (const [i, logit] of ours.logits.entries()) {
        difference = Math.max(difference, Math.abs(logit - theirs.logits[i]!));
        largest = Math.max(largest, Math.abs(logit));
      }
      const token = ours.logits.indexOf(ours.logits.reduce((a, b) => Math.max(a, b)));
      if (token === eosId || length === maxTokens) break;
      await ours.next([0], [token]);
      await theirs.next([0], [token]);
    }
  }
  return largest === 0 ? 0 : difference / largest;
}
