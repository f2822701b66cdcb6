import { type Characters, EVERY_WORD, type KnownWords, prepareText, type Token } from "./answer-text.ts";
import { ENTITIES, type Entity, UNITS, type Unit } from "./entities.ts";
import { createLexicon, joinParts, type Lexicon, type LexiconEntry, lexiconKey } from "./lexicon.ts";
import type { AnswerRulesSource, UnitSource } from "./rules-source.ts";
import { tokenize } from "./tokenize.ts";

/** A unit, ready for use. */
export interface UnitRule {
  readonly name: string;
  readonly quantity: string;
  readonly size: number;
  /** The allowed unit that values are converted to; undefined for an allowed one. */
  readonly into: Unit | undefined;
  readonly dotGroups: boolean;
}

/** One unit of each quantity that a spelling may mean; none for a unit of something else, such as Wh. */
export type UnitReadings = readonly UnitRule[];

/** Units whose values are added, largest first. */
export interface SumRule {
  readonly units: readonly string[];
  readonly joinedBy: ReadonlySet<string>;
  readonly bare: boolean;
}

/** The rules, ready for use. */
export interface AnswerRules {
  readonly characters: Characters;
  /** Which words may touch a number depends on whether sides of a thing are asked for: W20. */
  readonly knownWords: { readonly length: KnownWords; readonly other: KnownWords };
  readonly units: Lexicon<UnitReadings>;
  readonly beforeNumber: Lexicon<UnitReadings>;
  readonly ranges: Lexicon<true>;
  readonly alternatives: Lexicon<true>;
  readonly tolerances: Lexicon<true>;
  readonly times: Lexicon<true>;
  readonly noise: Lexicon<true>;
  readonly between: Lexicon<true>;
  readonly per: Lexicon<true>;
  readonly dimensions: Lexicon<readonly string[]>;
  readonly numberWords: Lexicon<number>;
  /** Words that are a number alone: hundred, half. */
  readonly numberParts: ReadonlySet<string>;
  /** What may stand between two words of one number: the hyphen of thirty-two, "and" and "a" of three and a half. */
  readonly numberJoints: ReadonlySet<string>;
  readonly fractionJoints: Lexicon<true>;
  readonly denominators: ReadonlySet<number>;
  readonly unfractioned: ReadonlySet<string>;
  readonly signed: ReadonlySet<string>;
  readonly references: ReadonlySet<string>;
  readonly sums: readonly SumRule[];
  /** Words that are a unit in front of a smaller one alone; without a unit where nobody knows how large it is. */
  readonly inSums: Lexicon<{ readonly unit: UnitRule | undefined }>;
  /** @throws RangeError for a name that is no unit of the rules. */
  sizeOf(unit: string): { readonly quantity: string; readonly size: number };
  /** @throws RangeError for a name that is no unit of the rules, or units of different quantities. */
  convert(number: number, from: string, to: string): number;
  quantityOf(entity: Entity): string;
  /** @throws RangeError for a name that is no unit of the rules. */
  unit(name: string): UnitRule;
}

/**
 * Makes the tables that {@link cleanAnswer} looks words up in.
 * @param source rules in which {@link findRulesFaults} finds nothing
 */
export function compileAnswerRules(source: AnswerRulesSource): AnswerRules {
  const characters = compileCharacters(source);
  const split = (spelling: string) => tokenize(prepareText(spelling, characters), EVERY_WORD);
  const entry = <T>(spelling: string, value: T): LexiconEntry<T> => ({ spelling, tokens: split(spelling), value });
  const words = (spellings: readonly string[]) =>
    createLexicon(spellings.map((spelling) => entry(spelling, true as const)));
  const units = new Map(Object.entries(source.units).map(([name, unit]) => [name, compileUnit(name, unit)]));
  const unit = (name: string): UnitRule => {
    const found = units.get(name);
    if (found === undefined) throw new RangeError(`"${name}" is no unit of the rules`);
    return found;
  };
  const quantities = new Map(ENTITIES.map((entity) => [entity, unit(UNITS[entity][0]).quantity]));
  const readings = readingsBySpelling(source, units, split);
  const beforeNumber = [...units.values()].flatMap((rule) =>
    (source.units[rule.name].before ?? []).map((spelling) => entry(spelling, readings.get(keyOf(spelling, split))!)),
  );
  return {
    characters,
    knownWords: knownWords(source, split),
    units: createLexicon([
      ...source.other_units.map((spelling) => entry<UnitReadings>(spelling, [])),
      ...unitSpellings(source).map(([, spelling]) => entry(spelling, readings.get(keyOf(spelling, split))!)),
    ]),
    beforeNumber: createLexicon(beforeNumber),
    ranges: words(source.ranges),
    alternatives: words(source.alternatives),
    tolerances: words(source.tolerances),
    times: words(source.times),
    noise: words(source.noise),
    between: words(source.between),
    per: words(source.per),
    dimensions: createLexicon(source.dimensions.flatMap((d) => d.words.map((word) => entry(word, d.entities)))),
    numberWords: createLexicon(Object.entries(source.number_words).map(([word, value]) => entry(word, value))),
    ...compileNumberWords(source, split),
    fractionJoints: words(source.fractions.joined_by),
    denominators: new Set(source.fractions.denominators),
    unfractioned: new Set(source.fractions.not_for),
    signed: new Set(source.signed),
    references: new Set(source.references),
    sums: source.sums.map((sum) => ({ units: sum.units, joinedBy: new Set(sum.joined_by), bare: sum.bare ?? false })),
    inSums: createLexicon(
      Object.entries(source.in_sums).map(([word, name]) =>
        entry(word, { unit: name === null ? undefined : unit(name) }),
      ),
    ),
    sizeOf: (name) => ({ quantity: unit(name).quantity, size: unit(name).size }),
    convert: (number, from, to) => convertBetween(number, unit(from), unit(to)),
    quantityOf: (entity) => quantities.get(entity)!,
    unit,
  };
}

function compileNumberWords({ number_words, fractions }: AnswerRulesSource, split: Split) {
  const spellings = Object.keys(number_words).map((spelling) => split(spelling).map(({ key }) => key));
  const parts = new Set(spellings.filter((keys) => keys.length === 1).flat());
  const joints = [...spellings.flat(), ...fractions.joined_by].filter((key) => !parts.has(key));
  return { numberParts: parts, numberJoints: new Set(joints) };
}

function compileUnit(name: string, { quantity, size, into, dot_groups }: UnitSource): UnitRule {
  return { name, quantity, size, into: into as Unit | undefined, dotGroups: dot_groups ?? false };
}

function convertBetween(number: number, from: UnitRule, to: UnitRule): number {
  if (from.quantity !== to.quantity) {
    throw new RangeError(`${from.name} (${from.quantity}) is not converted to ${to.name} (${to.quantity})`);
  }
  return (number * from.size) / to.size;
}

const unitSpellings = (source: AnswerRulesSource): readonly (readonly [string, string])[] =>
  Object.entries(source.units).flatMap(([name, unit]) =>
    [name, ...unit.spellings].map((spelling) => [name, spelling] as const),
  );

export type Split = (spelling: string) => readonly Token[];

/** What tells spellings apart. */
export function keyOf(spelling: string, split: Split): string {
  const tokens = split(spelling);
  return lexiconKey(spelling, joinParts(tokens, 0, tokens.length));
}

/** "oz" is an ounce of mass and a fluid ounce: what is asked for decides, and with nothing asked the first in the file. */
function readingsBySpelling(
  source: AnswerRulesSource,
  units: ReadonlyMap<string, UnitRule>,
  split: Split,
): ReadonlyMap<string, UnitReadings> {
  const readings = new Map<string, UnitRule[]>();
  for (const [name, spelling] of unitSpellings(source)) {
    const key = keyOf(spelling, split);
    const known = readings.get(key) ?? [];
    if (!known.some((unit) => unit.name === name)) known.push(units.get(name)!);
    readings.set(key, known);
  }
  return readings;
}

/** What {@link prepareText} needs. */
export function compileCharacters(source: AnswerRulesSource): Characters {
  const fractions = Object.entries(source.fractions.glyphs).map(([glyph, text]) => [
    glyph,
    ` ${text.replace("/", "⁄")}`,
  ]);
  const digits = source.digits.flatMap((zeroToNine) => [...zeroToNine].map((digit, i) => [digit, String(i)]));
  const replacements = new Map([...fractions, ...digits, ...Object.entries(source.characters)] as [string, string][]);
  const keys = [...replacements.keys()].sort((a, b) => b.length - a.length).map(escapeForPattern);
  const pattern = keys.join("|");
  const isPlain = (key: string) => /^[\x20-\x7e]+$/.test(key);
  const marks = `(?:${source.group_marks.map(escapeForPattern).join("|")})`;
  const digit = "\\p{Nd}";
  return {
    special: new RegExp(["[^\\x20-\\x7e]|\\^", ...keys.filter(isPlain)].join("|"), "u"),
    replaced: new RegExp(pattern, "gu"),
    replacements,
    groupMark: new RegExp(`(?<=${digit})${marks}(?=${digit}{3}(?!${digit}))`, "gu"),
  };
}

const escapeForPattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** One letter beside digits is more often a name (E27, B12) than a word; the sides of a thing are marked so: H5, W20. */
function knownWords(source: AnswerRulesSource, split: Split): { length: KnownWords; other: KnownWords } {
  const keysOf = (spellings: readonly string[]) =>
    spellings.flatMap((spelling) => split(spelling).map(({ key }) => key));
  const all = new Set(keysOf([...unitSpellings(source).map(([, spelling]) => spelling), ...source.other_units]));
  const sides = keysOf(source.dimensions.flatMap(({ words }) => words));
  const long = [...keysOf([...source.noise, ...source.ranges]), ...all, ...sides].filter((key) => key.length > 1);
  const other = new Set([...long, ...keysOf(source.times)]);
  const length = new Set([...other, ...sides]);
  const isWord = (word: string) => all.has(word);
  return {
    length: { isWord, touches: (word) => length.has(word) },
    other: { isWord, touches: (word) => other.has(word) },
  };
}
