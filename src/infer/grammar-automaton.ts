/** An automaton over characters: each state's next state by character, and the unit that stands whole at some states. */
export interface Automaton {
  readonly next: readonly ReadonlyMap<string, number>[];
  readonly ends: ReadonlyMap<number, string>;
}

/** Where every answer begins. */
export const START = 0;

/** More than a label has before its point or behind it: Python writes a float with at most 16 digits there, and 21. */
const MOST_DIGITS = 24;

/**
 * `digits [. digits] unit`, as labels of the challenge are: they have no sign, and one space. Numbers are bounded, so that
 * each is one of float64. Units are a tree of their letters: those that begin alike share the beginning.
 */
export function answerAutomaton(units: readonly string[]): Automaton {
  const next: Map<string, number>[] = [];
  const ends = new Map<number, string>();
  const add = () => next.push(new Map()) - 1;
  const start = add();
  const point = add();
  const tree = add();
  const digitsBehind = (before: number) =>
    Array.from({ length: MOST_DIGITS }, () => {
      const state = add();
      for (const digit of "0123456789") next[before].set(digit, state);
      next[state].set(" ", tree);
      before = state;
      return state;
    });
  for (const whole of digitsBehind(start)) next[whole].set(".", point);
  digitsBehind(point);
  for (const unit of units) {
    let state = tree;
    for (const letter of unit) {
      const known = next[state].get(letter) ?? add();
      next[state].set(letter, known);
      state = known;
    }
    ends.set(state, unit);
  }
  return { next, ends };
}

/** The state behind a text; undefined where it leaves the form. */
export function walk({ next }: Automaton, start: number, text: string): number | undefined {
  let state: number | undefined = start;
  for (let i = 0; i < text.length && state !== undefined; i++) state = next[state].get(text[i]);
  return state;
}
