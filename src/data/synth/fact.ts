import { type Entity, isEntity, UNITS, type Unit } from "../../challenge/entities.ts";
import { readLabel } from "../../challenge/label.ts";
import type { Random } from "../../util/random.ts";
import { pickWeighted } from "./choose.ts";
import type { Quantity } from "./quantity.ts";
import { UNIT_STYLES } from "./unit-styles.ts";

/** What a label says of a product. */
export interface Fact extends Quantity {
  readonly entity: Entity;
}

/** More digits than a picture has room for. */
const LONGEST = 8;

/** A row's value, as 34 and gram for "34.0 gram"; undefined when it is not one number above 0 in a unit of the entity. */
export function readFact(entity: string, value: string): Fact | undefined {
  const { form, numbers, unit } = readLabel(value);
  if (form !== "official" || !isEntity(entity) || !(UNITS[entity] as readonly string[]).includes(unit))
    return undefined;
  const number = numbers[0]
    .replace(/^0+(?=\d)/, "")
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  if (number.length > LONGEST || !(Number(number) > 0)) return undefined;
  return { entity, number, unit: unit as Unit };
}

export function randomUnit(entity: Entity, random: Random): Unit {
  return pickWeighted<Unit>(random, UNITS[entity], (unit) => UNIT_STYLES[unit].weight);
}
