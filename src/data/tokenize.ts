import { padLength } from "../util/bucket.ts";
import { InputError } from "../util/errors.ts";
import type { BadRow } from "./bad-rows.ts";
import { promptOf } from "./prompt.ts";
import type { Sample } from "./samples.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * A sample as PaliGemma's processor tokenises it: `<bos> prompt \n` as one text, `value <eos>` as another.
 * The image tokens before them are left to the model.
 */
export interface TokenizedSample extends Sample {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** u8 [n,3]: the characters in each patch of the image, where they are to be named. */
  readonly characters?: Uint8Array;
}

const TEXT_UNIT = 8;

/** Texts are padded on the right, short ones to a multiple of so many tokens. */
export const paddedLength = (tokens: number, unit = TEXT_UNIT): number => padLength(tokens, unit);

export interface TokenizeOptions {
  readonly tokenizer: Tokenizer;
  readonly prompt: string;
  /** Longest prefix and suffix together, in tokens. */
  readonly maxTokens: number;
}

/**
 * Tokenises samples; a row's own prompt goes before the one of all. A prompt or value of a row that spells out a special
 * token, or is too long, lands in `bad`.
 * @throws InputError when the prompt has an unknown placeholder or spells out a special token.
 */
export function tokenizeSamples(
  samples: readonly Sample[],
  { tokenizer, prompt, maxTokens }: TokenizeOptions,
): { samples: TokenizedSample[]; bad: BadRow[] } {
  const prefixes = new Map<string, readonly number[]>();
  const prefixOf = (text: string) => {
    const prefix = prefixes.get(text) ?? encodePrompt(tokenizer, text);
    prefixes.set(text, prefix);
    return prefix;
  };
  const bad: BadRow[] = [];
  const tokenized = samples.flatMap((sample) => {
    const own = sample.prompt === "" ? undefined : tokenizer.findSpecial(sample.prompt);
    if (own !== undefined) {
      bad.push({ line: sample.line, reason: `prompt spells out the token ${own}` });
      return [];
    }
    const prefix = prefixOf(promptOf(sample, prompt));
    const special = tokenizer.findSpecial(sample.value);
    if (special !== undefined) {
      bad.push({ line: sample.line, reason: `entity_value spells out the token ${special}` });
      return [];
    }
    const suffix = [...tokenizer.encode(sample.value), tokenizer.eosId];
    const length = prefix.length + suffix.length;
    if (length > maxTokens) {
      bad.push({ line: sample.line, reason: `prompt and value make ${length} tokens, ${maxTokens} are the most` });
      return [];
    }
    return [{ ...sample, prefix, suffix }];
  });
  return { samples: tokenized, bad };
}

/** Token ids of `<bos> prompt \n`. @throws InputError as {@link tokenizeSamples}. */
export function encodePrompt(tokenizer: Tokenizer, text: string): readonly number[] {
  const special = tokenizer.findSpecial(text);
  if (special !== undefined) {
    throw new InputError(`prompt: "${text}" spells out the token ${special}`, {
      hint: "leave it out: <image>, <bos> and the line break are added",
    });
  }
  return [tokenizer.bosId, ...tokenizer.encode(`${text}\n`)];
}
