import type { AnswerRules } from "../challenge/answer-rules.ts";
import { ALL_UNITS } from "../challenge/entities.ts";
import type { LabelFacts } from "../challenge/label-rules.ts";
import type { DataSettings } from "../config/data-schema.ts";
import { InputError } from "../util/errors.ts";

/**
 * What the rules for labels know of sizes: of units from the rules for answers, of entities from `clean.limits`.
 * @throws InputError when a limit has a unit that is not known, or the first is above the second
 */
export function labelFacts(limits: DataSettings["clean"]["limits"], rules: AnswerRules): LabelFacts {
  const sizes = new Map([...ALL_UNITS].map((unit) => [unit, rules.sizeOf(unit).size]));
  const sizeOfLimit = (entity: string, limit: string): number => {
    const [number, unit] = [Number.parseFloat(limit), limit.slice(limit.indexOf(" ") + 1)];
    const size = sizes.get(unit);
    if (size !== undefined) return number * size;
    throw new InputError(`clean.limits.${entity} is "${limit}": "${unit}" is no unit`, {
      hint: `the units are ${[...sizes.keys()].join(", ")}`,
    });
  };
  const found = new Map(
    Object.entries(limits).map(([entity, [least, most]]) => {
      const between = [sizeOfLimit(entity, least), sizeOfLimit(entity, most)] as const;
      if (between[0] <= between[1]) return [entity, between];
      throw new InputError(`clean.limits.${entity} is [${least}, ${most}]: the first is the larger one`);
    }),
  );
  return { sizeOf: (unit) => sizes.get(unit), limitsOf: (entity) => found.get(entity) };
}
