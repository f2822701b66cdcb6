import { join } from "node:path";
import { z } from "zod";
import { type AnswerRules, compileAnswerRules } from "../challenge/answer-rules.ts";
import { UNIT_SIZES } from "../challenge/entities.ts";
import { findRulesFaults, type RulesFault } from "../challenge/rules-faults.ts";
import type { AnswerRulesSource } from "../challenge/rules-source.ts";
import { type ConfigSource, readYaml } from "../config/source.ts";
import { InputError } from "../util/errors.ts";
import { suggestName } from "../util/near-name.ts";
import { PACKAGE_ROOT } from "../util/package.ts";

/** The rules that come with the package. */
export const ANSWER_RULES = join(PACKAGE_ROOT, "rules", "answers.yaml");

const SHOWN = 20;

const word = z.string().min(1);
const words = z.array(word);

const unit = z.strictObject({
  quantity: word.optional(),
  size: z.number().positive().optional(),
  into: word.optional(),
  before: words.optional(),
  dot_groups: z.boolean().optional(),
  spellings: words,
});

const rules = z.strictObject({
  units: z.record(word, unit),
  other_units: words,
  sums: z.array(z.strictObject({ units: words.min(2), joined_by: z.array(z.string()), bare: z.boolean().optional() })),
  in_sums: z.record(word, word.nullable()),
  ranges: words,
  alternatives: words,
  tolerances: words,
  references: z.array(z.string().regex(/^\d+ ./, "is of the form: 100 gram")),
  times: words,
  dimensions: z.array(z.strictObject({ entities: words, words })),
  noise: words,
  between: words,
  per: words,
  number_words: z.record(word, z.number().positive()),
  fractions: z.strictObject({
    glyphs: z.record(word, z.string().regex(/^\d+\/[1-9]\d*$/, "is of the form: 1/2")),
    denominators: z.array(z.int().positive()),
    joined_by: words,
    not_for: words,
  }),
  signed: words,
  group_marks: words.min(1),
  digits: z.array(z.string().refine((text) => [...text].length === 10, "has ten digits, from 0 to 9")),
  characters: z.record(word, z.string()),
});

/**
 * Reads rules for answers: by default those of the package (rules/answers.yaml), else a file of the same keys.
 * @throws InputError that lists faults, each with file, line and key
 */
export function loadAnswerRules(file: string = ANSWER_RULES): AnswerRules {
  const source = readYaml(file);
  const result = rules.safeParse(source.values);
  if (!result.success) throw faultsOf(result.error.issues.flatMap((issue) => describe(issue, source)));
  const { checked, faults } = withSizes(result.data);
  const all = [...faults, ...findRulesFaults(checked)];
  if (all.length > 0) {
    throw faultsOf(all.map(({ path, message }) => `${place(source, path)}: ${path.join(".")}: ${message}`));
  }
  return compileAnswerRules(checked);
}

/** Units of the challenge have quantity and size by definition; the file says those of the others. */
function withSizes(source: z.output<typeof rules>): { checked: AnswerRulesSource; faults: readonly RulesFault[] } {
  const faults: RulesFault[] = [];
  const units = Object.entries(source.units).map(([name, unit]) => {
    const known = UNIT_SIZES.get(name);
    for (const key of ["quantity", "size"] as const) {
      const path = ["units", name, key];
      if (known && unit[key] !== undefined) faults.push({ path, message: `that of ${name} is known and not set here` });
      if (!known && unit[key] === undefined) faults.push({ path, message: "is missing" });
    }
    return [name, { ...unit, quantity: "", size: 1, ...definedOf(unit), ...known }] as const;
  });
  return { checked: { ...source, units: Object.fromEntries(units) }, faults };
}

function definedOf({ quantity, size }: z.output<typeof unit>) {
  return { ...(quantity !== undefined && { quantity }), ...(size !== undefined && { size }) };
}

const faultsOf = (faults: readonly string[]) =>
  new InputError([...faults.slice(0, SHOWN), ...rest(faults.length - SHOWN)].join("\n"), {
    hint: `${ANSWER_RULES} holds every key, with comments`,
  });

const rest = (faults: number) => (faults > 0 ? [`and ${faults} more`] : []);

function describe(issue: z.core.$ZodIssue, source: ConfigSource): readonly string[] {
  if (issue.code !== "unrecognized_keys") {
    const path = issue.path.map(String);
    return [`${place(source, path)}: ${path.join(".") || "the rules"}: ${issue.message}`];
  }
  return issue.keys.map((key) => {
    const path = [...issue.path.map(String), key];
    return `${place(source, path)}: ${path.join(".")}: unknown key; ${suggestName(key, keysBeside(path))}`;
  });
}

function keysBeside([group, ...rest]: readonly string[]): readonly string[] {
  if (rest.length === 0) return Object.keys(rules.shape);
  if (group === "units") return Object.keys(unit.shape);
  if (group === "fractions") return Object.keys(rules.shape.fractions.shape);
  return [];
}

/** Where the deepest key of `path` that the file holds stands. */
function place(source: ConfigSource, path: readonly string[]): string {
  if (path.length === 0) return source.name;
  return source.locate(path) ?? place(source, path.slice(0, -1));
}
