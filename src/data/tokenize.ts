import type { Entity } from "../challenge/entities.ts";
import { InputError } from "../util/errors.ts";
import type { BadRow } from "./bad-rows.ts";
import { fillPrompt } from "./prompt.ts";
import type { Sample } from "./samples.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * A sample as PaliGemma's processor tokenises it: `<bos> prompt \n` as one text, `value <eos>` as another.
 * The image tokens before them are left to the model.
 */
export interface TokenizedSample extends Sample {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

export interface TokenizeOptions {
  readonly tokenizer: Tokenizer;
  readonly prompt: string;
  /** Longest prefix and suffix together, in tokens. */
  readonly maxTokens: number;
}

/**
 * Tokenises samples. A value that spells out a special token or is too long lands in `bad`.
 * @throws InputError when the prompt has an unknown placeholder or spells out a special token.
 */
export function tokenizeSamples(
  samples: readonly Sample[],
  { tokenizer, prompt, maxTokens }: TokenizeOptions,
): { samples: TokenizedSample[]; bad: BadRow[] } {
  const prefixes = new Map<Entity, readonly number[]>();
  const bad: BadRow[] = [];
  const tokenized = samples.flatMap((sample) => {
    if (!prefixes.has(sample.entity)) prefixes.set(sample.entity, encodePrompt(tokenizer, prompt, sample.entity));
    const prefix = prefixes.get(sample.entity)!;
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
export function encodePrompt(tokenizer: Tokenizer, template: string, entity: string): readonly number[] {
  const text = fillPrompt(template, entity);
  const special = tokenizer.findSpecial(text);
  if (special !== undefined) {
    throw new InputError(`prompt: "${template}" spells out the token ${special}`, {
      hint: "leave it out: <image>, <bos> and the line break are added",
    });
  }
  return [tokenizer.bosId, ...tokenizer.encode(`${text}\n`)];
}
