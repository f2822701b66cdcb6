import { ALL_UNITS, type Entity, UNITS } from "../challenge/entities.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";

/** Which tokens keep an answer in its form. A state is a number. */
export interface Grammar {
  /** Where an answer begins. */
  readonly start: number;
  /** Ids that may follow when at most `left` tokens, this one and `<eos>` among them, may still come: ascending, never none. */
  allowed(state: number, left: number): Int32Array;
  /** The state behind an allowed token. */
  next(state: number, token: number): number;
}

/** format: a number and a unit of any entity; units: a number and a unit of the row's entity. */
export type Constrain = "format" | "units";

/**
 * The form `number unit <eos>` in tokens of a vocabulary, for each entity made when first asked for.
 * @throws InputError when the vocabulary cannot spell a unit, or the shortest answer has more than `maxTokens` tokens
 */
export function answerGrammars(
  { texts, eosId }: Pick<Tokenizer, "texts" | "eosId">,
  constrain: Constrain,
  maxTokens: number,
): (entity: Entity) => Grammar {
  const tokens = tokensByFirstCharacter(texts);
  const known = new Map<readonly string[], Grammar>();
  const all = [...ALL_UNITS];
  return (entity) => {
    const units = constrain === "format" ? all : UNITS[entity];
    const grammar = known.get(units) ?? grammarOfUnits(tokens, eosId, units, maxTokens);
    known.set(units, grammar);
    return grammar;
  };
}

interface Token {
  readonly id: number;
  readonly text: string;
}

/** Tokens of which an answer can be made. */
function tokensByFirstCharacter(texts: readonly (string | undefined)[]): ReadonlyMap<string, readonly Token[]> {
  const tokens = new Map<string, Token[]>();
  texts.forEach((text, id) => {
    if (text === undefined || !/^[0-9. a-z]+$/.test(text)) return;
    const list = tokens.get(text[0]!) ?? [];
    tokens.set(text[0]!, list);
    list.push({ id, text });
  });
  return tokens;
}

/** An automaton over characters: each state's next state by character, and the states where an answer may end. */
interface Automaton {
  readonly next: readonly ReadonlyMap<string, number>[];
  readonly ends: ReadonlyMap<number, string>;
}

const [START, WHOLE, POINT, FRACTION] = [0, 1, 2, 3];

/** `digits [. digits] unit`: labels of the challenge have no sign. Units are a tree of their letters. */
function buildAutomaton(units: readonly string[]): Automaton {
  const next: Map<string, number>[] = [new Map(), new Map(), new Map(), new Map()];
  const ends = new Map<number, string>();
  for (const digit of "0123456789") {
    for (const state of [START, WHOLE]) next[state]!.set(digit, WHOLE);
    for (const state of [POINT, FRACTION]) next[state]!.set(digit, FRACTION);
  }
  next[WHOLE]!.set(".", POINT);
  const tree = next.push(new Map()) - 1;
  for (const state of [WHOLE, FRACTION]) next[state]!.set(" ", tree);
  for (const unit of units) {
    let state = tree;
    for (const letter of unit) {
      const known = next[state]!.get(letter) ?? next.push(new Map()) - 1;
      next[state]!.set(letter, known);
      state = known;
    }
    ends.set(state, unit);
  }
  return { next, ends };
}

function grammarOfUnits(
  tokens: ReadonlyMap<string, readonly Token[]>,
  eosId: number,
  units: readonly string[],
  maxTokens: number,
): Grammar {
  const { next, ends } = buildAutomaton(units);
  const steps = next.map((byCharacter) => stepsFrom(byCharacter, tokens, next));
  const distances = distancesToEnd(steps, ends);
  const unspelt = [...ends].filter(([state]) => !reached(steps, distances).has(state)).map(([, unit]) => unit);
  if (unspelt.length > 0) {
    throw new InputError(`decode.constrain: tokenizer.json has no tokens that spell ${few(unspelt)}`, {
      hint: "set decode.constrain to off for this model",
    });
  }
  if (distances[START]! > maxTokens + 1) {
    throw new InputError(
      `eval.max_new_tokens: the shortest answer in ${few(units)} has ${distances[START]! - 1} tokens, ${maxTokens} may be written`,
      { hint: `raise eval.max_new_tokens to ${distances[START]! - 1} or more` },
    );
  }
  const most = 1 + Math.max(...distances.filter(Number.isFinite));
  const known = new Map<number, Int32Array>();
  const findAllowed = (state: number, left: number) => {
    const ids = [...steps[state]!].flatMap(([id, target]) => (distances[target]! < left ? [id] : []));
    return Int32Array.from(ends.has(state) ? [eosId, ...ids] : ids).sort();
  };
  return {
    start: START,
    allowed(state, left) {
      const enough = Math.min(left, most);
      const key = state * (most + 1) + enough;
      const ids = known.get(key) ?? findAllowed(state, enough);
      known.set(key, ids);
      return ids;
    },
    next: (state, token) => steps[state]!.get(token)!,
  };
}

/** Where each token leads that begins with a character of the state and stays within the automaton. */
function stepsFrom(
  byCharacter: ReadonlyMap<string, number>,
  tokens: ReadonlyMap<string, readonly Token[]>,
  next: Automaton["next"],
): ReadonlyMap<number, number> {
  const steps = new Map<number, number>();
  for (const [character, second] of byCharacter) {
    for (const { id, text } of tokens.get(character) ?? []) {
      let state: number | undefined = second;
      for (let i = 1; i < text.length && state !== undefined; i++) state = next[state]!.get(text[i]!);
      if (state !== undefined) steps.set(id, state);
    }
  }
  return steps;
}

/** How many tokens each state is from the end, `<eos>` counted; ∞ where there is no way. */
function distancesToEnd(steps: readonly ReadonlyMap<number, number>[], ends: ReadonlyMap<number, string>): number[] {
  const sources = steps.map(() => new Set<number>());
  steps.forEach((targets, state) => {
    for (const target of targets.values()) sources[target]!.add(state);
  });
  const distances = steps.map((_, state) => (ends.has(state) ? 1 : Number.POSITIVE_INFINITY));
  const queue = [...ends.keys()];
  for (const state of queue) {
    for (const source of sources[state]!) {
      if (distances[source] !== Number.POSITIVE_INFINITY) continue;
      distances[source] = distances[state]! + 1;
      queue.push(source);
    }
  }
  return distances;
}

/** States that an answer can come to. */
function reached(steps: readonly ReadonlyMap<number, number>[], distances: readonly number[]): ReadonlySet<number> {
  const found = new Set([START]);
  for (const state of found) {
    for (const target of steps[state]!.values()) if (Number.isFinite(distances[target])) found.add(target);
  }
  return found;
}
