import { UNIT_SIZES } from "./entities.ts";
import { type Label, readLabel } from "./label.ts";

/** The number of an official label in the base unit of its quantity; NaN for another form, or a unit that is not known. */
export function labelSize({ form, numbers, unit }: Label): number {
  return form === "official" ? Number(numbers[0]) * (UNIT_SIZES.get(unit)?.size ?? Number.NaN) : Number.NaN;
}

/** Labels with the same meaning say the same: `1 gram` and `1.0 gram`, `1 kilogram` and `1000 gram`. */
export function labelMeaning(text: string): string {
  const label = readLabel(text);
  const size = labelSize(label);
  return Number.isNaN(size) ? label.text : `${size.toPrecision(12)} ${UNIT_SIZES.get(label.unit)!.quantity}`;
}
