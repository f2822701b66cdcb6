import { InputError } from "./errors.ts";
import { suggestName } from "./near-name.ts";

/** Programs without types give anything. @throws InputError when a value is none of the choices, with the one that it is like */
export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw new InputError(`${name}: there is no "${value}"`, { hint: suggestName(String(value), choices) });
}

/** @throws InputError when values are no list, none at all, or one is none of the choices */
export function requireSomeOf(name: string, values: readonly unknown[], choices: readonly string[]): void {
  if (!Array.isArray(values) || values.length === 0) {
    throw new InputError(`${name}: names none`, { hint: `name one or more of ${choices.join(", ")}` });
  }
  for (const value of values) requireOneOf(name, value, choices);
}
