import type { AnswerRules } from "./answer-rules.ts";
import type { Token } from "./answer-text.ts";
import type { Product } from "./read-values.ts";
import { isSaidTwice, type Value } from "./value.ts";

/**
 * The values with the side that each is said to be: "H 5 cm", "5 cm (H)", "10 x 20 x 30 cm (L x W x H)".
 * Whether names stand before their numbers or behind follows from the first: a name before it means before, and so does one
 * behind a sign of multiplying.
 */
export function nameSides(
  tokens: readonly Token[],
  products: readonly Product[],
  rules: AnswerRules,
): readonly Product[] {
  const order = findOrder(tokens, rules);
  if (order === "no sides") return products;
  if (order) return products.map((product) => inOrder(splitRange(product, order.length), order));
  const flat = products.flat();
  const first = flat.findIndex(({ readings }) => readings[0]?.unit.quantity === rules.quantityOf("width"));
  if (first < 0) return products;
  const isBefore =
    sidesWithin(tokens, flat[first - 1]?.next ?? 0, flat[first].from, rules).length > 0 ||
    followsTimes(tokens, flat[first].next, rules);
  const sides = flat.map((value, at) => {
    const [before, after] = [flat[at - 1]?.next ?? 0, flat[at + 1]?.from ?? tokens.length];
    const beside = isBefore
      ? sidesWithin(tokens, before, value.from, rules).at(-1)
      : sidesWithin(tokens, value.next, after, rules)[0];
    return value.side ?? beside;
  });
  for (let at = flat.length - 2; at >= 0 && !isBefore; at--) {
    if (isRestated(flat[at], flat[at + 1])) sides[at] ??= sides[at + 1];
  }
  let at = 0;
  const named = (value: Value): Value => {
    const side = sides[at++];
    return side ? { ...value, side } : value;
  };
  return products.map((product) => product.map(named));
}

/** Whether the next name stands right behind a sign of multiplying, as in 20 cm x Height 30 cm, and so before its number. */
function followsTimes(tokens: readonly Token[], from: number, rules: AnswerRules): boolean {
  let at = from;
  while (at < tokens.length && rules.dimensions.match(tokens, at) === undefined) at++;
  return at < tokens.length && rules.times.match(tokens, at - 1)?.next === at;
}

/** 24 in (61 cm) wide */
function isRestated({ readings }: Value, { readings: again, link }: Value): boolean {
  if (link === "times" || readings.length === 0 || readings.length !== again.length) return false;
  return readings.every((reading, i) => isSaidTwice(reading, again[i]));
}

const inOrder = (product: Product, order: readonly (readonly string[])[]): Product =>
  product.length === order.length ? product.map((value, i) => ({ ...value, side: value.side ?? order[i] })) : product;

/** W/D/H: 30/40/50 cm */
function splitRange(product: Product, sides: number): Product {
  const [value] = product;
  if (product.length > 1 || value.readings.length !== sides) return product;
  return value.readings.map((reading) => ({ ...value, readings: [reading] }));
}

function sidesWithin(tokens: readonly Token[], from: number, to: number, rules: AnswerRules): (readonly string[])[] {
  const sides: (readonly string[])[] = [];
  let at = from;
  while (at < to) {
    const side = rules.dimensions.match(tokens, at);
    if (side && side.next <= to) sides.push(side.value);
    at = side?.next ?? at + 1;
  }
  return sides;
}

/** Two or more sides that are named one after the other, with no number between: L x W x H, LxWxH. */
function findOrder(
  tokens: readonly Token[],
  rules: AnswerRules,
): readonly (readonly string[])[] | "no sides" | undefined {
  let isNamed = false;
  for (let at = 0; at < tokens.length; at++) {
    const order = splitWord(tokens[at], rules) ?? orderFrom(tokens, at, rules);
    if (order.length > 1) return order;
    isNamed ||= order.length > 0;
  }
  return isNamed ? undefined : "no sides";
}

const NO_SIDES: readonly (readonly string[])[] = [];

function orderFrom(tokens: readonly Token[], from: number, rules: AnswerRules): readonly (readonly string[])[] {
  let side = rules.dimensions.match(tokens, from);
  if (side === undefined) return NO_SIDES;
  const order: (readonly string[])[] = [];
  while (side) {
    order.push(side.value);
    const joint = rules.times.match(tokens, side.next) ?? rules.ranges.match(tokens, side.next);
    const isListed = joint === undefined && tokens[side.next]?.key === ",";
    side = rules.dimensions.match(tokens, joint?.next ?? (isListed ? side.next + 1 : side.next));
  }
  return order;
}

/** "LxWxH" is one word. */
function splitWord({ kind, key }: Token, rules: AnswerRules): readonly (readonly string[])[] | undefined {
  if (kind !== "word" || key.length < 3 || key.length % 2 === 0) return undefined;
  const sides: (readonly string[])[] = [];
  for (let at = 0; at < key.length; at += 2) {
    const side = rules.dimensions.find(key[at]);
    if (side === undefined || (at > 0 && rules.times.find(key[at - 1]) === undefined)) return undefined;
    sides.push(side);
  }
  return sides;
}
