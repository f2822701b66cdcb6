import { InputError } from "../util/errors.ts";

/**
 * The prompt of an entity: `{entity}` in the template becomes its name with spaces.
 * @throws InputError when the template names anything else in braces.
 */
export function fillPrompt(template: string, entity: string): string {
  const unknown = template.replaceAll("{entity}", "").match(/\{[^}]*\}?|\}/)?.[0];
  if (unknown !== undefined) {
    throw new InputError(`prompt: ${unknown} in "${template}" is no placeholder`, {
      hint: "the only placeholder is {entity}, the entity's name with spaces",
    });
  }
  return template.replaceAll("{entity}", () => entity.replaceAll("_", " "));
}

/** What is asked about a row: its own prompt word for word, else the template's. @throws InputError as {@link fillPrompt} */
export const promptOf = (row: { readonly prompt: string; readonly entity: string }, template: string): string =>
  row.prompt || fillPrompt(template, row.entity);
