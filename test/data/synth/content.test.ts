import { expect, test } from "vitest";
import { cleanAnswer } from "../../../src/challenge/clean-answer.ts";
import { ENTITIES, type Entity, UNIT_SIZES, UNITS, type Unit } from "../../../src/challenge/entities.ts";
import { parseDataSettings } from "../../../src/config/load.ts";
import { loadAnswerRules } from "../../../src/data/answer-rules.ts";
import { composeLines, type Line } from "../../../src/data/synth/content.ts";
import { PHRASES } from "../../../src/data/synth/phrases.ts";
import { NO_BREAK } from "../../../src/data/synth/quantity.ts";
import { UNIT_STYLES } from "../../../src/data/synth/unit-styles.ts";
import { random } from "../../../src/util/random.ts";

const rules = loadAnswerRules();
const { answers, synth } = parseDataSettings({});
const plain = (text: string) => text.replaceAll(NO_BREAK, " ");
const read = (text: string, entity: Entity) => cleanAnswer(plain(text), entity, rules, answers).answer;

const PAIRS = ENTITIES.flatMap((entity) => (UNITS[entity] as readonly Unit[]).map((unit) => [entity, unit] as const));
const SEEDS = Array.from({ length: 40 }, (_, i) => i);
const compose = (entity: Entity, unit: Unit, seed: number) =>
  composeLines({ entity, number: "7.5", unit }, synth, 0.3, random(seed, `${entity} ${unit}`));

test.each(PAIRS)("each way to write a quantity of %s in %s is read back by the rules for answers", (entity, unit) => {
  const { short, full } = UNIT_STYLES[unit];
  for (const sign of [...short, ...full]) {
    expect([sign, read(`7.5 ${sign}`, entity)]).toEqual([sign, `7.5 ${unit}`]);
  }
});

test.each(PAIRS)("a label about %s in %s says it in one line, and nothing else of it", (entity, unit) => {
  for (const seed of SEEDS) {
    const lines = compose(entity, unit, seed);
    const [answer, ...more] = lines.filter(({ isAnswer }) => isAnswer);
    expect(more).toEqual([]);
    expect(read(answer.text, entity), answer.text).toBe(`7.5 ${unit}`);
    expect(lines.length).toBeLessThanOrEqual(synth.lines);
  }
});

/** Entities whose phrases a line may be from, by what it measures and says; for a note none. */
function entitiesOf({ text, arrow }: Line): readonly Entity[] {
  if (arrow) return ENTITIES.filter((entity) => PHRASES[entity].arrow === arrow);
  return ENTITIES.filter((entity) => {
    const phrases = [...PHRASES[entity].marked, ...PHRASES[entity].bare];
    return phrases.some((phrase) => {
      const [before, after] = phrase.toLowerCase().split("{}");
      const said = text.toLowerCase();
      if (!said.startsWith(before) || !said.endsWith(after)) return false;
      const quantity = plain(text.slice(before.length, text.length - after.length));
      const [, unit] = /^[\d.,]+ ?(\D+)$/.exec(quantity) ?? [];
      const units = UNITS[entity] as readonly Unit[];
      return units.some((name) => {
        const { short, full } = UNIT_STYLES[name];
        return short.includes(unit) || full.some((word) => word === unit?.toLowerCase());
      });
    });
  });
}

test("where two lines measure the same, each says which entity it is about, and no two are about one", () => {
  let pairs = 0;
  for (const [entity, unit] of PAIRS) {
    for (const seed of SEEDS) {
      const found = compose(entity, unit, seed).map(entitiesOf);
      const kinds = found.map((entities) => entities[0] && UNIT_SIZES.get(UNITS[entities[0]][0])!.quantity);
      for (const [i, kind] of kinds.entries()) {
        if (kind === undefined || kinds.indexOf(kind) === kinds.lastIndexOf(kind)) continue;
        pairs++;
        expect(found[i]).toHaveLength(1);
      }
      const said = found.filter((entities) => entities.length === 1).flat();
      expect(new Set(said).size).toBe(said.length);
    }
  }
  expect(pairs).toBeGreaterThan(500);
});

test("the share of units in full words is as asked for, and so is that of arrows", () => {
  const lines = (inFull: number, arrows: number) =>
    Array.from({ length: 400 }, (_, i) =>
      composeLines(
        { entity: "width", number: "3", unit: "inch" },
        { ...synth, arrows, lines: 1 },
        inFull,
        random(i, ""),
      ),
    ).flat();
  expect(lines(1, 0).every(({ text, arrow }) => /inches/i.test(text) && !arrow)).toBe(true);
  expect(lines(0, 1).every(({ text, arrow }) => !/inches/i.test(text) && arrow === "across")).toBe(true);
  const mixed = lines(0.12, 0.4);
  expect(mixed.filter(({ text }) => /inches/i.test(text)).length).toBeGreaterThan(24); // 48 are expected
  expect(mixed.filter(({ arrow }) => arrow).length).toBeGreaterThan(120);
});
