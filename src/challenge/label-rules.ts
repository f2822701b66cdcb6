import { isEntity, UNITS } from "./entities.ts";
import type { Label } from "./label.ts";
import { labelSize } from "./label-size.ts";
import { floatDigits } from "./number-text.ts";

/** A row of training data, as far as the rules look at it. */
export interface LabelledRow {
  /** Whether its link is the address of an image. */
  readonly hasImage: boolean;
  readonly entity: string;
  readonly label: Label;
}

/** Smallest and largest size that a label of the entity may have, in the base unit of its quantity. */
export type LimitsOf = (entity: string) => readonly [least: number, most: number] | undefined;

/** What to do with a row that a rule finds. Each rule knows some of these. */
export type LabelPolicy = "drop" | "keep" | "max" | "min" | "write";

/** A fault that one row can have by itself. */
export interface LabelRule {
  readonly name: string;
  /** In words, for reports. */
  readonly finds: string;
  meets(row: LabelledRow, limitsOf: LimitsOf): boolean;
  /** The text that takes the label's place, by policy; a policy that is not here drops or keeps. */
  readonly mend?: Partial<Record<LabelPolicy, (label: Label) => string>>;
}

const pick = (compare: (a: number, b: number) => number) => (label: Label) => {
  const [a, b] = label.numbers;
  return `${compare(Number(a), Number(b)) === Number(a) ? a : b} ${label.unit}`;
};

/** In the order in which they are asked; a label that one of them mends is read anew for the next. */
export const LABEL_RULES: readonly LabelRule[] = [
  { name: "empty", finds: "no value", meets: ({ label }) => label.form === "empty" },
  {
    name: "link",
    finds: "an image link that is no http or https address of a file",
    meets: ({ hasImage }) => !hasImage,
  },
  { name: "entity", finds: "an entity that is not in the list", meets: ({ entity }) => !isEntity(entity) },
  {
    name: "range",
    finds: "two numbers",
    meets: ({ label }) => label.form === "range",
    mend: { max: pick(Math.max), min: pick(Math.min) },
  },
  {
    name: "scientific",
    finds: "an exponent",
    meets: ({ label }) => label.form === "scientific",
    mend: { write: ({ numbers, unit }) => `${floatDigits(Number(numbers[0]))} ${unit}` },
  },
  { name: "format", finds: 'not of the form "x unit"', meets: ({ label }) => label.form === "other" },
  {
    name: "unit",
    finds: "a unit that the entity does not allow",
    meets: ({ entity, label }) =>
      label.unit !== "" && isEntity(entity) && !(UNITS[entity] as readonly string[]).includes(label.unit),
  },
  {
    name: "magnitude",
    finds: "a number that cannot be",
    meets: ({ entity, label }, limitsOf) => isBeyond(labelSize(label), limitsOf(entity)),
  },
];

/** What has no size, or no limits, is for other rules. */
function isBeyond(size: number, limits: readonly [number, number] | undefined): boolean {
  return limits !== undefined && (size < limits[0] || size > limits[1]);
}
