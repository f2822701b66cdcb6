import type { AnswerPolicy, AnswerStep } from "./answer-policy.ts";
import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import type { Entity } from "./entities.ts";
import type { Wanted } from "./read-terms.ts";
import type { Product, Reading, Value } from "./read-values.ts";
import { nameSides } from "./sides.ts";

/** The reading that is the answer, or why there is none. */
export type Choice =
  | {
      readonly reading: Reading;
      /** A number of packs to multiply by. */
      readonly factor: number;
      /** The value that it is of, with all ends of a range and all factors. */
      readonly from: number;
      readonly next: number;
      readonly othersLeft: boolean;
      /** Rules by which it was chosen among the numbers of its value. */
      readonly passed: readonly AnswerStep["rule"][];
    }
  | { readonly failure: "no value" | "unit not allowed" };

/** The first value of the quantity that is asked for; of the sides of a thing the one that is. */
export function chooseReading(
  tokens: readonly Token[],
  products: readonly Product[],
  entity: Entity | undefined,
  wanted: Wanted,
  rules: AnswerRules,
  policy: AnswerPolicy,
): Choice {
  const suits = (value: Value) =>
    value.readings.length > 0 && (wanted.quantity === undefined || value.readings[0].unit.quantity === wanted.quantity);
  const suited = products.filter((product) => product.some(suits));
  if (suited.length === 0) {
    return { failure: products.flat().some(({ readings }) => readings.length > 0) ? "unit not allowed" : "no value" };
  }
  const sided = entity && wanted.hasSides ? chooseSide(nameSides(tokens, suited, rules), entity) : undefined;
  const product = wanted.hasSides ? sided?.product : suited.find((candidate) => findContent(candidate, rules));
  const value = sided?.value ?? (product && findContent(product, rules));
  if (product === undefined || value === undefined) return { failure: "no value" };
  const packs = sided ? 1 : countPacks(product);
  if (value.readings.length > 1 && policy.range === "empty") return { failure: "no value" };
  if (product.length > 1 && !sided && policy.pack === "empty") return { failure: "no value" };
  const passed: AnswerStep["rule"][] = [];
  if (sided?.isNamed) passed.push("side");
  if (product.length > 1 && !sided) passed.push("pack");
  if (value.readings.length > 1) passed.push("range");
  return {
    reading: pickEnd(value.readings, policy),
    factor: policy.pack === "total" ? packs : 1,
    from: product[0].from,
    next: product.at(-1)!.next,
    othersLeft: products.length > 1,
    passed,
  };
}

function pickEnd(readings: readonly Reading[], { range }: AnswerPolicy): Reading {
  const size = ({ value, unit }: Reading) => value * unit.size;
  const isBetter = (a: Reading, b: Reading) => (range === "min" ? size(a) < size(b) : size(a) > size(b));
  return readings.reduce((best, reading) => (isBetter(reading, best) ? reading : best));
}

/** What is in each pack: the one factor that has a unit. Sides of a thing are no packs. */
function findContent(product: Product, rules: AnswerRules): Value | undefined {
  const measured = product.filter(({ readings }) => readings.length > 0);
  if (measured.length !== 1) return undefined;
  const isSide = product.length > 1 && measured[0].readings[0].unit.quantity === rules.quantityOf("width");
  return isSide ? undefined : measured[0];
}

function countPacks(product: Product): number {
  const counts = product.filter(({ readings, isOther }) => readings.length === 0 && !isOther);
  return counts.reduce((packs, { number }) => packs * number.value, 1);
}

/**
 * The side that is named as the entity; else the first value alone that is not named as another. Of sides without names
 * nobody knows which is meant, and of three numbers two are wrong.
 */
function chooseSide(
  products: readonly Product[],
  entity: Entity,
): { product: Product; value: Value; isNamed: boolean } | undefined {
  const flat = products.flatMap((product) => product.map((value) => ({ product, value })));
  const measured = flat.filter(({ value }) => value.readings.length > 0);
  const named = measured.find(({ value }) => value.side?.includes(entity));
  if (named) return { ...named, isNamed: true };
  const unnamed = measured.find(({ value }) => value.side === undefined || value.side.length === 0);
  return unnamed?.product.length === 1 ? { ...unnamed, isNamed: false } : undefined;
}
