import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAnswer, parseAnswer } from "../../src/challenge/answer.ts";
import { ANSWER_STEPS, type AnswerPolicy } from "../../src/challenge/answer-policy.ts";
import { MAX_LETTERS } from "../../src/challenge/answer-text.ts";
import { cleanAnswer } from "../../src/challenge/clean-answer.ts";
import { ALL_UNITS, ENTITIES, type Entity, UNITS, type Unit } from "../../src/challenge/entities.ts";
import { parseDataSettings } from "../../src/config/load.ts";
import { loadAnswerRules } from "../../src/data/answer-rules.ts";

const rules = loadAnswerRules();
const POLICY: AnswerPolicy = parseDataSettings().answers;
const clean = (text: string, entity?: Entity, policy: Partial<AnswerPolicy> = {}) =>
  cleanAnswer(text, entity, rules, { ...POLICY, ...policy });

interface Row {
  readonly line: number;
  readonly text: string;
  readonly entity: Entity | undefined;
  readonly policy: Partial<AnswerPolicy>;
  readonly expected: string;
  readonly reason: string;
}

/** Texts as labels and models write them. \n and \uXXXX stand for what an editor would not show. */
function readRows(): readonly Row[] {
  const [, ...lines] = readFileSync(join(import.meta.dirname, "messy-answers.tsv"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line, i) => {
    const [text, entity, policy, expected, reason] = line.split("\t");
    return {
      line: i + 2,
      text: text
        .replaceAll("\\n", "\n")
        .replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
      entity: entity === "-" ? undefined : (entity as Entity),
      policy: policy === "" ? {} : Object.fromEntries([policy.split("=")]),
      expected,
      reason,
    };
  });
}

const rows = readRows();

describe("answers as labels and models write them", () => {
  test("there are more than a thousand, each with its reason", () => {
    expect(rows.length).toBeGreaterThan(1000);
    expect(rows.filter(({ reason }) => !reason).map(({ line }) => line)).toEqual([]);
  });

  test("each becomes what was worked out by hand", () => {
    const wrong = rows
      .map((row) => ({ ...row, answer: clean(row.text, row.entity, row.policy).answer }))
      .filter(({ answer, expected }) => answer !== expected)
      .map(
        ({ line, text, answer, expected, reason }) =>
          `line ${line}: "${text}" is "${answer}", not "${expected}": ${reason}`,
      );
    expect(wrong).toEqual([]);
  });

  test("each is cleaned once: a second time changes nothing, for no answer and by no step", () => {
    for (const { text, entity, policy } of rows) {
      const { answer } = clean(text, entity, policy);
      expect(clean(answer, entity, policy)).toEqual({ answer, steps: [] });
    }
  });

  test("each that changes says by which rule", () => {
    for (const { text, entity, policy } of rows) {
      const { answer, steps } = clean(text, entity, policy);
      if (answer !== text) expect(steps, text).not.toEqual([]);
      for (const { rule } of steps) expect(ANSWER_STEPS).toContain(rule);
    }
  });

  test("every rule is met by one of them, except for the length of the text", () => {
    const met = new Set(
      rows.flatMap(({ text, entity, policy }) => clean(text, entity, policy).steps.map(({ rule }) => rule)),
    );
    expect(ANSWER_STEPS.filter((rule) => !met.has(rule))).toEqual(["text cut"]);
  });
});

test("steps show what each rule was given and what it made", () => {
  expect(clean("Net Wt. 1 3/4 lbs", "item_weight")).toEqual({
    answer: "1.75 pound",
    steps: [
      { rule: "words", before: "Net Wt. 1 3/4 lbs", after: "1 3/4 lbs" },
      { rule: "fraction", before: "1 3/4 lbs", after: "1.75 pound" },
      { rule: "spelling", before: "1 3/4 lbs", after: "1.75 pound" },
    ],
  });
  expect(clean("40 inch", "item_weight").steps).toEqual([{ rule: "unit not allowed", before: "40 inch", after: "" }]);
  expect(clean("no idea", "item_weight").steps).toEqual([{ rule: "no value", before: "no idea", after: "" }]);
});

test("a text without a value is kept where that is asked for; what a policy refuses is not", () => {
  const keep = { unknown: "keep" } as const;
  expect(clean("  no idea ", "voltage", keep)).toEqual({ answer: "  no idea ", steps: [] });
  expect(clean("1e999 V", "voltage", keep).answer).toBe("1e999 V");
  expect(clean("100-240 V", "voltage", { ...keep, range: "empty" }).steps.at(-1)?.rule).toBe("range");
  expect(clean("100-240 V", "voltage", { ...keep, range: "empty" }).answer).toBe("");
  expect(clean("2 x 5 g", "item_weight", { ...keep, pack: "empty" }).answer).toBe("");
  expect(clean("2 stone", "item_weight", { ...keep, unit: "empty" }).answer).toBe("");
});

const entities = fc.constantFrom(undefined, ...ENTITIES);
const policies: fc.Arbitrary<AnswerPolicy> = fc.record({
  range: fc.constantFrom("max", "min", "empty"),
  pack: fc.constantFrom("each", "total", "empty"),
  unit: fc.constantFrom("convert", "empty"),
  number: fc.constantFrom("keep", "float"),
  unknown: fc.constantFrom("empty", "keep"),
});

/** Texts made of what the rules know, in any order: the worst that a model may write. */
const pieces = fc.constantFrom(
  ...[
    "1",
    "2.5",
    "1,000",
    "1.000",
    "½",
    "1/2",
    "-",
    "–",
    "x",
    "×",
    "to",
    "/",
    "'",
    '"',
    "ft",
    "in",
    "kg",
    "g",
    "oz",
    "fl oz",
    "V",
  ],
  ...[
    "W",
    "L",
    "H",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    " ",
    "  ",
    "±",
    "max",
    "cm",
    "hp",
    "cc",
    "10^3",
    "e+5",
    "Wh",
    "°C",
    "½",
    "０",
    "約",
  ],
);
const babble = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(""));
/** Halves and words of the rows above, put together anew. */
const shreds = rows.flatMap(({ text }) => [
  text.slice(0, text.length / 2),
  text.slice(text.length / 2),
  ...text.split(" "),
]);
const shredded = fc
  .tuple(fc.array(fc.constantFrom(...shreds), { maxLength: 4 }), fc.constantFrom("", " ", ", ", "-", "/", " x "))
  .map(([parts, joint]) => parts.join(joint));
const texts = fc.oneof(
  babble,
  shredded,
  shredded,
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
);

function isOfficial(answer: string, entity: Entity | undefined): boolean {
  const parsed = parseAnswer(answer);
  return parsed === null || entity === undefined || (UNITS[entity] as readonly string[]).includes(parsed.unit);
}

describe("whatever the text", () => {
  test("the answer is official, or the text itself where the policy keeps it, and stays so", () => {
    fc.assert(
      fc.property(texts, entities, policies, (text, entity, policy) => {
        const { answer } = cleanAnswer(text, entity, rules, policy);
        expect((policy.unknown === "keep" && answer === text) || isOfficial(answer, entity)).toBe(true);
        expect(cleanAnswer(answer, entity, rules, policy)).toEqual({ answer, steps: [] });
      }),
      { numRuns: 3000 },
    );
  });

  test("an answer that is official already comes back letter by letter", () => {
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0));
    const answers = fc
      .constantFrom(...ENTITIES)
      .chain((entity) =>
        fc.record({ entity: fc.constant(entity), number: numbers, unit: fc.constantFrom<Unit>(...UNITS[entity]) }),
      );
    fc.assert(
      fc.property(answers, ({ entity, number, unit }) => {
        const text = formatAnswer({ number, unit });
        expect(clean(text, entity)).toEqual({ answer: text, steps: [] });
        expect(parseAnswer(clean(text, entity).answer)).toEqual({ number, unit });
        expect(parseAnswer(clean(text, entity, { number: "float" }).answer)).toEqual({ number, unit });
      }),
    );
  });

  test("every spelling of every unit is read as that unit", () => {
    for (const unit of ALL_UNITS) {
      const entity = ENTITIES.find((name) => (UNITS[name] as readonly string[]).includes(unit))!;
      expect(clean(`12.5 ${unit.toUpperCase()}`, entity).answer).toBe(`12.5 ${unit}`);
    }
  });
});

describe("hostile texts", () => {
  const many = (text: string, letters = 10_000_000) => text.repeat(Math.ceil(letters / text.length));

  test.each([
    ["spaces", `1${many(" ")}!`],
    ["digits", many("9")],
    ["digits with a unit", `${many("9")} gram`],
    ["decimals with a unit", `0.${many("1")} grams`],
    ["commas", many("1,")],
    ["quotes", many('"')],
    ["factors", many("1 x ")],
    ["slashes", many("1/")],
    ["open brackets", many("[1, ")],
    ["feet", many("5'")],
    ["units", many("12V/")],
    ["NULs", many("\0")],
    ["lone surrogates", many("\ud800")],
    ["a letter that becomes eighteen", many("\ufdfa")],
    ["combining marks", many("\u0301")],
    ["letters of a unit", `1 ${many("a")}!`],
    ["numbers of a word", `${many("half ")}gallon`],
  ])("ten million %s: three times in less than three seconds", (_, text) => {
    const start = performance.now();
    for (const entity of [undefined, "height", "voltage"] as const) {
      expect(isOfficial(clean(text, entity).answer, entity)).toBe(true);
    }
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("what stands beyond the limit is not looked at", () => {
    const padding = " ".repeat(MAX_LETTERS);
    expect(clean(`34 g${padding}`, "item_weight")).toMatchObject({ answer: "34 gram" });
    expect(clean(`${padding}34 g`, "item_weight")).toMatchObject({ answer: "" });
    expect(clean(`34 g${padding}`, "item_weight").steps[0].rule).toBe("text cut");
  });

  test("marks that are not seen do not count", () => {
    expect(clean("\u200f34\u200b g\u200e", "item_weight").answer).toBe("34 gram");
    expect(clean("34\0g", "item_weight").answer).toBe("34 gram");
    expect(clean("\ufeff34 gram\r\n", "item_weight").answer).toBe("34 gram");
    expect(clean("34 \ud83d g", "item_weight").answer).toBe("34 gram");
    expect(clean("3\u00ad4 g", "item_weight").answer).toBe("34 gram");
  });

  test("numbers beyond a float64 are no values", () => {
    expect(clean("1e999 g", "item_weight").answer).toBe("");
    expect(clean("1e-999 g", "item_weight").answer).toBe("");
    expect(clean(`${"9".repeat(400)} gram`, "item_weight").answer).toBe("");
    expect(clean("1e308 stone", "item_weight").answer).toBe("");
    expect(clean("2 x 1e308 g", "item_weight", { pack: "total" }).answer).toBe("");
  });

  test("names that every object has are no units", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      expect(clean(`34 ${name}`, "item_weight").answer).toBe("");
    }
  });
});

test("sizes of the challenge's units and of the others convert both ways", () => {
  expect(rules.sizeOf("fluid ounce")).toEqual({ quantity: "volume", size: 0.0295735295625 });
  expect(rules.convert(1, "gallon", "cubic inch")).toBeCloseTo(231, 10);
  expect(rules.convert(1, "imperial gallon", "litre")).toBe(4.54609);
  expect(rules.convert(1, "pound", "ounce")).toBeCloseTo(16, 10);
  expect(() => rules.convert(1, "gram", "metre")).toThrow(RangeError);
  expect(() => rules.sizeOf("parsec")).toThrow(RangeError);
});

test("sizes agree with their definitions", () => {
  const exact: readonly (readonly [string, number, string])[] = [
    ["yard", 36, "inch"],
    ["foot", 12, "inch"],
    ["inch", 25.4, "millimetre"],
    ["mile", 5280, "foot"],
    ["mil", 0.001, "inch"],
    ["ton", 1000, "kilogram"],
    ["short ton", 2000, "pound"],
    ["long ton", 2240, "pound"],
    ["stone", 14, "pound"],
    ["pound", 7000, "grain"],
    ["ounce", 16, "dram"],
    ["troy ounce", 480, "grain"],
    ["carat", 200, "milligram"],
    ["gallon", 231, "cubic inch"],
    ["gallon", 4, "quart"],
    ["quart", 2, "pint"],
    ["pint", 2, "cup"],
    ["cup", 8, "fluid ounce"],
    ["fluid ounce", 2, "tablespoon"],
    ["tablespoon", 3, "teaspoon"],
    ["fluid ounce", 8, "fluid dram"],
    ["imperial gallon", 4, "imperial quart"],
    ["imperial quart", 2, "imperial pint"],
    ["imperial pint", 20, "imperial fluid ounce"],
    ["cubic yard", 27, "cubic foot"],
    ["cubic foot", 1728, "cubic inch"],
    ["cubic inch", 16.387064, "cubic centimetre"],
    ["litre", 1000, "millilitre"],
    ["litre", 10, "decilitre"],
    ["litre", 1_000_000, "microlitre"],
    ["metric horsepower", 75 * 9.80665, "watt"],
    ["horsepower", 550 * 0.3048 * 0.45359237 * 9.80665, "watt"],
  ];
  for (const [from, number, to] of exact)
    expect(rules.convert(1, from, to) / number, `${from}, ${to}`).toBeCloseTo(1, 12);
});
