import { ALL_UNITS } from "./entities.ts";
import { readLabel } from "./label.ts";

/** The unit of an answer or a label: "blank" for none, "other" where the text names no unit of the challenge. */
export function unitOfText(text: string): string {
  if (text.trim() === "") return "blank";
  const { unit } = readLabel(text);
  return ALL_UNITS.has(unit) ? unit : "other";
}
