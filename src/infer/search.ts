import { InputError } from "../util/errors.ts";
import type { Grammar } from "./answer-grammar.ts";
import type { Reading } from "./reader.ts";

/** An answer to one row. */
export interface Found {
  /** Without `<eos>`. */
  readonly tokens: readonly number[];
  /** Σ log p of its tokens and of its `<eos>`, each by the softmax over the whole vocabulary. */
  readonly logProbability: number;
}

export interface SearchOptions {
  readonly eosId: number;
  /** Longest answer, in tokens; one that has none left for its `<eos>` goes without. */
  readonly maxTokens: number;
  /** How many answers to look for: 1 is greedy decoding, more is beam search of that width. */
  readonly width: number;
  /** What a row's answer may look like; absent: anything. */
  readonly grammarOf?: ((row: number) => Grammar) | undefined;
}

/** An answer in the making. */
interface Hypothesis extends Found {
  readonly row: number;
  readonly state: number;
}

/** A hypothesis with one token more. */
interface Candidate {
  /** The hypothesis, by its row of the logits. */
  readonly source: number;
  readonly token: number;
  readonly logProbability: number;
}

/**
 * The likeliest answers of each row that was read, best first, at least one and at most `width`. Of a row's hypotheses the
 * `width` likeliest go on; since a probability never grows, a row is done when its answers are all likelier than what
 * goes on. With a width of 1 it is the likeliest token again and again.
 */
export async function searchAnswers(reading: Reading, rows: number, options: SearchOptions): Promise<Found[][]> {
  const { eosId, maxTokens, width, grammarOf } = options;
  const grammars = Array.from({ length: rows }, (_, row) => grammarOf?.(row));
  const found: Found[][] = grammars.map(() => []);
  let open: Hypothesis[] = grammars.map((grammar, row) => ({
    ...{ row, tokens: [], logProbability: 0, state: grammar?.start ?? 0 },
  }));
  for (let length = 0; open.length > 0; length++) {
    const candidates = found.map((): Candidate[] => []);
    open.forEach(({ row, state, logProbability }, source) => {
      const logits = rowOf(reading.logits, source, open.length);
      const allowed = grammars[row]?.allowed(state, maxTokens + 1 - length);
      for (const { token, logProbability: own } of likeliest(logits, width + 1, allowed)) {
        candidates[row]!.push({ source, token, logProbability: logProbability + own });
      }
    });
    const going: (Hypothesis & { readonly source: number })[] = [];
    candidates.forEach((ofRow, row) => {
      if (ofRow.length === 0) return;
      const first = going.length;
      for (const { source, token, logProbability } of ofRow.sort((a, b) => b.logProbability - a.logProbability)) {
        if (going.length - first === width) break;
        const { tokens, state } = open[source]!;
        if (token === eosId) {
          found[row]!.push({ tokens, logProbability });
          continue;
        }
        const longer = [...tokens, token];
        if (longer.length === maxTokens && !grammars[row]) found[row]!.push({ tokens: longer, logProbability });
        else going.push({ row, source, tokens: longer, logProbability, state: grammars[row]?.next(state, token) ?? 0 });
      }
      found[row]!.sort((a, b) => b.logProbability - a.logProbability).splice(width);
      const worst = found[row]!.length === width ? found[row]!.at(-1)!.logProbability : Number.NEGATIVE_INFINITY;
      if (going.length > first && worst >= going[first]!.logProbability) going.length = first;
    });
    open = going;
    if (open.length === 0) return found;
    await reading.next(
      going.map(({ source }) => source),
      going.map(({ tokens }) => tokens.at(-1)!),
    );
  }
  return found;
}

function rowOf(logits: Float32Array, row: number, rows: number): Float32Array {
  const width = logits.length / rows;
  return logits.subarray(row * width, (row + 1) * width);
}

/** The `count` likeliest of the allowed tokens, best first and the first of equals before the others, with log p = z − log Σ eᶻ. */
function likeliest(logits: Float32Array, count: number, allowed?: Int32Array) {
  const best: number[] = [];
  const consider = (token: number) => {
    if (best.length === count && logits[token]! <= logits[best[count - 1]!]!) return;
    let at = best.length;
    while (at > 0 && logits[best[at - 1]!]! < logits[token]!) at--;
    best.splice(at, 0, token);
    if (best.length > count) best.pop();
  };
  if (allowed) for (const token of allowed) consider(token);
  else for (let token = 0; token < logits.length; token++) consider(token);
  const total = logSumExp(logits);
  return best.map((token) => ({ token, logProbability: logits[token]! - total }));
}

/** @throws InputError when a logit is no number: no token is then likelier than another */
function logSumExp(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  if (!Number.isFinite(sum)) {
    throw new InputError("the model's logits are not finite numbers", {
      hint: "half precision may overflow: set engine.products=fp32 or engine.weights=fp32; else look at what the run has learnt",
    });
  }
  return largest + Math.log(sum);
}
