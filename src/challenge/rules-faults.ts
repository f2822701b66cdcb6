import { compileCharacters, keyOf, type Split } from "./answer-rules.ts";
import { EVERY_WORD, prepareText } from "./answer-text.ts";
import { ALL_UNITS, ENTITIES, UNITS } from "./entities.ts";
import type { AnswerRulesSource } from "./rules-source.ts";
import { tokenize } from "./tokenize.ts";

/** A fault of the rules, at a key of their file. */
export interface RulesFault {
  readonly path: readonly string[];
  readonly message: string;
}

/** What is wrong with rules whose keys and types are right: each fault at the key that has to be mended. */
export function findRulesFaults(source: AnswerRulesSource): readonly RulesFault[] {
  return [...findUnitFaults(source), ...findSpellingFaults(source), ...findNameFaults(source)];
}

function findUnitFaults({ units }: AnswerRulesSource): RulesFault[] {
  const faults: RulesFault[] = [];
  for (const entity of ENTITIES) {
    for (const name of UNITS[entity]) {
      if (!Object.hasOwn(units, name)) faults.push({ path: ["units"], message: `lacks ${name}, a unit of ${entity}` });
      else if (units[name].quantity !== units[UNITS[entity][0]]?.quantity) {
        faults.push({
          path: ["units", name, "quantity"],
          message: `is not that of ${UNITS[entity][0]}, both of ${entity}`,
        });
      }
    }
  }
  const allowed = ALL_UNITS;
  for (const [name, { into, quantity }] of Object.entries(units)) {
    const path = ["units", name];
    if (allowed.has(name) && into !== undefined)
      faults.push({ path: [...path, "into"], message: `${name} is allowed as it is` });
    if (allowed.has(name)) continue;
    if (into === undefined) faults.push({ path, message: `${name} is no unit of the challenge and lacks "into"` });
    else if (!allowed.has(into) || units[into]?.quantity !== quantity) {
      faults.push({ path: [...path, "into"], message: `"${into}" is no unit of the challenge for ${quantity}` });
    }
  }
  return unique(faults);
}

const unique = (faults: readonly RulesFault[]): RulesFault[] => [
  ...new Map(faults.map((fault) => [`${fault.path.join(".")} ${fault.message}`, fault])).values(),
];

const NO_QUANTITY = "";

/** A spelling means one unit of a quantity, and none that is no value. */
function findSpellingFaults(source: AnswerRulesSource): RulesFault[] {
  const split: Split = (spelling) => tokenize(prepareText(spelling, characters), EVERY_WORD);
  const characters = compileCharacters(source);
  const owners = new Map<string, string>();
  const faults: RulesFault[] = [];
  const claim = (spelling: string, quantity: string, path: readonly string[]) => {
    const key = keyOf(spelling, split);
    if (key === "" || key === "=") faults.push({ path, message: `"${spelling}" holds no letter or sign` });
    const other = owners.get(`${quantity} ${key}`) ?? owners.get(`${NO_QUANTITY} ${key}`);
    if (other !== undefined) faults.push({ path, message: `"${spelling}" is given twice, here and in ${other}` });
    owners.set(`${quantity} ${key}`, path.join("."));
  };
  for (const spelling of source.other_units) claim(spelling, NO_QUANTITY, ["other_units"]);
  for (const [name, { quantity }] of Object.entries(source.units)) claim(name, quantity, ["units", name]);
  for (const [name, unit] of Object.entries(source.units)) {
    const path = ["units", name, "spellings"];
    const others = unit.spellings.filter((spelling) => keyOf(spelling, split) !== keyOf(name, split));
    for (const spelling of others) claim(spelling, unit.quantity, path);
    const keys = new Set([name, ...unit.spellings].map((spelling) => keyOf(spelling, split)));
    for (const spelling of unit.before ?? []) {
      if (keys.has(keyOf(spelling, split))) continue;
      faults.push({ path: ["units", name, "before"], message: `"${spelling}" is none of the spellings of ${name}` });
    }
  }
  return faults;
}

/** Names of units, quantities and entities that there are not. */
function findNameFaults(source: AnswerRulesSource): RulesFault[] {
  const quantities = new Set(Object.values(source.units).map(({ quantity }) => quantity));
  const known = (names: readonly string[], path: readonly string[], kind: string, has: (name: string) => boolean) =>
    names.filter((name) => !has(name)).map((name) => ({ path, message: `"${name}" is no ${kind}` }));
  const isUnit = (name: string) => Object.hasOwn(source.units, name);
  const units = source.sums.flatMap((sum) => sum.units);
  const entities = source.dimensions.flatMap((dimension) => dimension.entities);
  return [
    ...known(units, ["sums"], "unit of this file", isUnit),
    ...known(
      Object.values(source.in_sums).filter((name) => name !== null),
      ["in_sums"],
      "unit of this file",
      isUnit,
    ),
    ...known(
      source.references.map((text) => text.replace(/^\d+ /, "")),
      ["references"],
      "unit of this file",
      isUnit,
    ),
    ...known(entities, ["dimensions"], "entity", (name) => (ENTITIES as readonly string[]).includes(name)),
    ...known(source.signed, ["signed"], "quantity of a unit", (name) => quantities.has(name)),
    ...known(source.fractions.not_for, ["fractions", "not_for"], "quantity of a unit", (name) => quantities.has(name)),
  ];
}
