import { ALL_UNITS, type Entity, UNITS } from "../challenge/entities.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { type Automaton, answerAutomaton, START, walk } from "./grammar-automaton.ts";

/** Which tokens keep an answer in its form. A state is a number. */
export interface Grammar {
  /** Where an answer begins. */
  readonly start: number;
  /** Ids that may follow when at most `left` tokens, this one and `<eos>` among them, may still come: ascending, never none. */
  allowed(state: number, left: number): Int32Array;
  /** The state behind an allowed token. */
  next(state: number, token: number): number;
}

/** off: any text; format: a number and a unit of any entity; units: a number and a unit of the row's entity. */
export type Constrain = "off" | "format" | "units";

/**
 * The form `number unit <eos>` in tokens of a vocabulary, for each entity made when first asked for. An answer has at most
 * `maxTokens` tokens and its `<eos>`.
 * @throws InputError when the vocabulary cannot spell a unit, or the shortest answer has more than `maxTokens` tokens
 */
export function answerGrammars(
  { texts, eosId }: Pick<Tokenizer, "texts" | "eosId">,
  constrain: Exclude<Constrain, "off">,
  maxTokens: number,
): (entity: Entity) => Grammar {
  const pieces = piecesOfAnswers(texts);
  const known = new Map<string, Grammar>();
  return (entity) => {
    const units = constrain === "format" ? [...ALL_UNITS] : UNITS[entity];
    const key = units.join();
    const grammar = known.get(key) ?? unitsGrammar(pieces, eosId, units, maxTokens);
    known.set(key, grammar);
    return grammar;
  };
}

interface Piece {
  readonly id: number;
  readonly text: string;
}

const SPELT = [...ALL_UNITS].map((unit) => ` ${unit}`).join("\n");

/** Tokens that may be part of an answer: of 256,000 some hundreds, so that only these are tried in every state. */
function piecesOfAnswers(texts: readonly (string | undefined)[]): Piece[] {
  return texts.flatMap((text, id) => {
    const letters = text ? /^[0-9.]*([a-z ]*)$/.exec(text)?.[1] : undefined;
    return text && letters !== undefined && SPELT.includes(letters) ? [{ id, text }] : [];
  });
}

/** Each state's next state by token. */
type Steps = readonly ReadonlyMap<number, number>[];

function unitsGrammar(pieces: readonly Piece[], eosId: number, units: readonly string[], maxTokens: number): Grammar {
  const automaton = answerAutomaton(units);
  const { ends } = automaton;
  const steps = automaton.next.map((_, state) => stepsFrom(state, automaton, pieces));
  const distances = distancesToEnd(steps, ends);
  checkUnits(ends, statesReached(steps, distances));
  checkRoom(distances[START] - 1, maxTokens, units);
  const farthest = Math.max(...distances.filter(Number.isFinite));
  const findAllowed = (state: number, left: number) => {
    const ids = [...steps[state]].flatMap(([id, target]) => (distances[target] < left ? [id] : []));
    return Int32Array.from(ends.has(state) ? [eosId, ...ids] : ids).sort();
  };
  const known = steps.map(() => new Map<number, Int32Array>());
  return {
    start: START,
    allowed(state, left) {
      const enough = Math.min(left, farthest + 1); // with so many left no target is too far
      const ids = known[state].get(enough) ?? findAllowed(state, enough);
      known[state].set(enough, ids);
      return ids;
    },
    next: (state, token) => steps[state].get(token)!,
  };
}

function checkUnits(ends: Automaton["ends"], reached: ReadonlySet<number>): void {
  const unspelt = [...ends].flatMap(([state, unit]) => (reached.has(state) ? [] : [unit]));
  if (unspelt.length === 0) return;
  throw new InputError(`decode.constrain: tokenizer.json has no tokens that spell ${few(unspelt)}`, {
    hint: "set decode.constrain to off for this model",
  });
}

function checkRoom(shortest: number, maxTokens: number, units: readonly string[]): void {
  if (shortest <= maxTokens) return;
  throw new InputError(
    `eval.max_new_tokens: the shortest answer in ${few(units)} has ${shortest} tokens, ${maxTokens} may be written`,
    { hint: `raise eval.max_new_tokens to ${shortest} or more` },
  );
}

function stepsFrom(state: number, automaton: Automaton, pieces: readonly Piece[]): ReadonlyMap<number, number> {
  const steps = new Map<number, number>();
  for (const { id, text } of pieces) {
    const target = walk(automaton, state, text);
    if (target !== undefined) steps.set(id, target);
  }
  return steps;
}

/** How many tokens each state is from the end, `<eos>` counted; ∞ where there is no way. Breadth first, backwards. */
function distancesToEnd(steps: Steps, ends: Automaton["ends"]): number[] {
  const sources = steps.map(() => new Set<number>());
  steps.forEach((targets, state) => {
    for (const target of targets.values()) sources[target].add(state);
  });
  const distances = steps.map((_, state) => (ends.has(state) ? 1 : Number.POSITIVE_INFINITY));
  const queue = [...ends.keys()];
  for (const state of queue) {
    for (const source of sources[state]) {
      if (distances[source] !== Number.POSITIVE_INFINITY) continue;
      distances[source] = distances[state] + 1;
      queue.push(source);
    }
  }
  return distances;
}

/** States that an answer can come to. */
function statesReached(steps: Steps, distances: readonly number[]): ReadonlySet<number> {
  const reached = new Set([START]);
  for (const state of reached) {
    for (const target of steps[state].values()) if (Number.isFinite(distances[target])) reached.add(target);
  }
  return reached;
}
