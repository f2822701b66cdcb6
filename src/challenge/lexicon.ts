import type { Token } from "./answer-text.ts";

/** Words and signs with what they stand for. Of several that begin at a place the longest counts. */
export interface Lexicon<T> {
  match(tokens: readonly Token[], from: number): { readonly value: T; readonly next: number } | undefined;
  /** What a word alone stands for, in small letters. */
  find(word: string): T | undefined;
}

/** A spelling as tokens. One with a capital counts for itself alone, before any in small letters. */
export interface LexiconEntry<T> {
  readonly spelling: string;
  readonly tokens: readonly Token[];
  readonly value: T;
}

interface Node<T> {
  readonly next: Map<string, Node<T>>;
  value: T | undefined;
}

/** Later entries of one spelling are passed over. */
export function createLexicon<T>(entries: readonly LexiconEntry<T>[]): Lexicon<T> {
  const [folded, exact] = [emptyNode<T>(), emptyNode<T>()];
  for (const { spelling, tokens, value } of entries) {
    const parts = joinParts(tokens, 0, tokens.length);
    const end = isExact(spelling)
      ? parts.reduce((node, { text }) => childOf(node, text), exact)
      : parts.reduce((node, { key }) => childOf(node, key), folded);
    end.value ??= value;
  }
  return {
    match: (tokens, from) => longestMatch(folded, exact, tokens, from),
    find: (word) => folded.next.get(word)?.value,
  };
}

const emptyNode = <T>(): Node<T> => ({ next: new Map(), value: undefined });

function childOf<T>(node: Node<T>, word: string): Node<T> {
  const child = node.next.get(word) ?? emptyNode<T>();
  node.next.set(word, child);
  return child;
}

const isExact = (spelling: string) => spelling !== spelling.toLowerCase();

/** What tells spellings apart: spaces, full stops and hyphens in them do not, capitals do where there are any. */
export function lexiconKey(spelling: string, parts: readonly Token[]): string {
  return isExact(spelling) ? `=${parts.map(({ text }) => text).join(" ")}` : parts.map(({ key }) => key).join(" ");
}

function longestMatch<T>(
  folded: Node<T>,
  exact: Node<T>,
  tokens: readonly Token[],
  from: number,
): { value: T; next: number } | undefined {
  let inAnyCase: Node<T> | undefined = folded;
  let asWritten: Node<T> | undefined = exact.next.size > 0 ? exact : undefined;
  let found: { value: T; next: number } | undefined;
  for (let at = from; at < tokens.length; at++) {
    if (isHyphen(tokens, at, from)) continue;
    inAnyCase = inAnyCase?.next.get(tokens[at].key);
    asWritten = asWritten?.next.get(tokens[at].text);
    if (inAnyCase === undefined && asWritten === undefined) break;
    const value = asWritten?.value ?? inAnyCase?.value;
    if (value !== undefined && (at === from || !beginsName(tokens, at))) found = { value, next: at + 1 };
  }
  return found;
}

/** A word whose digits are a code: of "55 W H7" the H is no part of a unit "W h". */
function beginsName(tokens: readonly Token[], at: number): boolean {
  return tokens[at + 1]?.kind === "code" && tokens[at + 1].start === tokens[at].end;
}

/** The tokens that a spelling is compared by. */
export function joinParts(tokens: readonly Token[], from: number, to: number): readonly Token[] {
  return tokens.filter((_, at) => at >= from && at < to && !isHyphen(tokens, at, from));
}

/** A hyphen inside a word: fl-oz, kilowatt-hour, in-1. */
function isHyphen(tokens: readonly Token[], at: number, from: number): boolean {
  if (tokens[at].key !== "-" || at === from || at + 1 >= tokens.length) return false;
  const [before, after] = [tokens[at - 1], tokens[at + 1]];
  const inside = before.end === tokens[at].start && after.start === tokens[at].end;
  return inside && before.kind === "word" && after.kind !== "mark";
}
