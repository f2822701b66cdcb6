import { InputError } from "../util/errors.ts";
import { parseAnswer, strip } from "./answer.ts";
import { isEntity, UNITS } from "./entities.ts";

/**
 * What is wrong with one answer of a submission, by the official check; with an entity also when its unit is not one of
 * the entity's. Undefined when nothing is.
 */
export function answerFault(prediction: string, entity?: string): string | undefined {
  const units = entity !== undefined && isEntity(entity) ? (UNITS[entity] as readonly string[]) : undefined;
  let unit: string;
  try {
    const answer = parseAnswer(prediction);
    if (!answer) return undefined;
    unit = answer.unit;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const isUnit = units !== undefined && error.hint !== undefined; // which lists the units of all entities
    return isUnit ? `${error.message}; ${entity} has ${units.join(", ")}` : error.message;
  }
  if (units === undefined || units.includes(unit)) return undefined;
  return `"${strip(prediction)}": ${entity} has no ${unit}, but ${units.join(", ")}`;
}
