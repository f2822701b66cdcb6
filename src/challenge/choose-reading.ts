import type { AnswerPolicy, AnswerStep, NoAnswer } from "./answer-policy.ts";
import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import type { Entity } from "./entities.ts";
import type { Wanted } from "./read-unit.ts";
import type { Product } from "./read-values.ts";
import { nameSides } from "./sides.ts";
import type { Reading, Span, Value } from "./value.ts";

/** The reading that is the answer; the tokens are all that its value has, with both ends of a range and all factors. */
export interface Choice extends Span {
  readonly reading: Reading;
  /** A number of packs to multiply by. */
  readonly factor: number;
  readonly othersLeft: boolean;
  /** Rules by which it was chosen among the numbers of its value. */
  readonly passed: readonly AnswerStep["rule"][];
}

/** The first value of the quantity that is asked for; of the sides of a thing the one that is. */
export function chooseReading(
  tokens: readonly Token[],
  products: readonly Product[],
  entity: Entity | undefined,
  wanted: Wanted,
  rules: AnswerRules,
  policy: AnswerPolicy,
): Choice | NoAnswer {
  const suited = products.filter((product) => product.some((value) => suits(value, wanted)));
  if (suited.length === 0) return { failure: products.some(hasUnit) ? "unit not allowed" : "no value" };
  const isSides = entity !== undefined && wanted.hasSides;
  const found = isSides ? chooseSide(nameSides(tokens, suited, rules), entity, wanted) : chooseContent(suited, rules);
  if (found === undefined) return { failure: "no value" };
  const passed = passedRules(found, isSides);
  if (passed.includes("range") && policy.range === "empty") return { failure: "range" };
  if (passed.includes("pack") && policy.pack === "empty") return { failure: "pack" };
  const { product, value } = found;
  return {
    reading: pickEnd(value.readings, policy),
    factor: passed.includes("pack") && policy.pack === "total" ? countPacks(product) : 1,
    from: product[0].from,
    next: product[product.length - 1].next,
    othersLeft: products.length > 1,
    passed,
  };
}

const suits = ({ readings }: Value, { quantity }: Wanted) =>
  readings.length > 0 && (quantity === undefined || readings[0].unit.quantity === quantity);

const hasUnit = (product: Product) => product.some(({ readings }) => readings.length > 0);

interface Found {
  readonly product: Product;
  readonly value: Value;
  /** Its side is that of the entity. */
  readonly isNamed: boolean;
}

function passedRules({ product, value, isNamed }: Found, isSides: boolean): readonly AnswerStep["rule"][] {
  const passed: AnswerStep["rule"][] = [];
  if (isNamed) passed.push("side");
  if (product.length > 1 && !isSides) passed.push("pack");
  if (value.readings.length > 1) passed.push("range");
  return passed;
}

function pickEnd(readings: readonly Reading[], { range }: AnswerPolicy): Reading {
  if (readings.length === 1) return readings[0];
  const size = ({ value, unit }: Reading) => value * unit.size;
  const isBetter = (a: Reading, b: Reading) => (range === "min" ? size(a) < size(b) : size(a) > size(b));
  return readings.reduce((best, reading) => (isBetter(reading, best) ? reading : best));
}

/** The first value alone, or what is in each of a number of packs: the one factor that has a unit. */
function chooseContent(products: readonly Product[], rules: AnswerRules): Found | undefined {
  for (const product of products) {
    const measured = product.filter(({ readings }) => readings.length > 0);
    const isSide = product.length > 1 && measured[0].readings[0].unit.quantity === rules.quantityOf("width");
    if (measured.length === 1 && !isSide) return { product, value: measured[0], isNamed: false };
  }
  return undefined;
}

function countPacks(product: Product): number {
  const counts = product.filter(({ readings, isOther }) => readings.length === 0 && !isOther);
  return counts.reduce((packs, { number }) => packs * number.value, 1);
}

/**
 * The side that is named as the entity; else the first value alone that is not named as another. Of sides without names
 * nobody knows which is meant, and of three numbers two are wrong.
 */
function chooseSide(products: readonly Product[], entity: Entity, wanted: Wanted): Found | undefined {
  let unnamed: Found | undefined;
  for (const product of products) {
    for (const value of product) {
      if (!suits(value, wanted)) continue;
      if (value.side?.includes(entity)) return { product, value, isNamed: true };
      if (unnamed === undefined && !value.side?.length) unnamed = { product, value, isNamed: false };
    }
  }
  const others = products.filter((product) => product !== unnamed?.product);
  const isAmongSides = others.some((product) => product.length > 1 || (unnamed?.value.side && product[0].side));
  return unnamed?.product.length === 1 && !isAmongSides ? unnamed : undefined;
}
