import { InputError } from "../util/errors.ts";
import { isEntity, UNIT_SIZES, UNITS } from "./entities.ts";
import type { LimitsOf } from "./label-rules.ts";

/** Smallest and largest value of each entity that can be, as answers: 0.01 millimetre. */
export type LabelLimits = Readonly<Record<string, readonly [least: string, most: string]>>;

/**
 * Limits as the rules for labels use them.
 * @throws InputError when a limit has a unit that is not known, or the first is above the second
 */
export function readLimits(limits: LabelLimits): LimitsOf {
  const found = new Map(
    Object.entries(limits).map(([entity, [least, most]]) => {
      const between = [sizeOfLimit(entity, least), sizeOfLimit(entity, most)] as const;
      if (between[0] <= between[1]) return [entity, between];
      throw new InputError(`clean.limits.${entity} is [${least}, ${most}]: the first is the larger one`);
    }),
  );
  return (entity) => found.get(entity);
}

function sizeOfLimit(entity: string, limit: string): number {
  const [number, unit] = [Number.parseFloat(limit), limit.slice(limit.indexOf(" ") + 1)];
  const known = UNIT_SIZES.get(unit);
  if (known && isEntity(entity) && known.quantity !== UNIT_SIZES.get(UNITS[entity][0])!.quantity) {
    throw new InputError(`clean.limits.${entity} is "${limit}": ${unit} is no unit of ${entity}`, {
      hint: `it has ${UNITS[entity].join(", ")}`,
    });
  }
  if (known) return number * known.size;
  throw new InputError(`clean.limits.${entity} is "${limit}": "${unit}" is no unit`, {
    hint: `the units are ${[...UNIT_SIZES.keys()].join(", ")}`,
  });
}
