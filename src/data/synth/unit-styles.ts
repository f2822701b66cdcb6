import type { Unit } from "../../challenge/entities.ts";

/** How packs print a unit. What is drawn must be read back by the rules for answers; a test holds both together. */
export interface UnitStyle {
  /** How often it is drawn where the unit is free: about the square root of its share of the challenge's rows. */
  readonly weight: number;
  /** One that stands here twice is twice as likely. A mark such as " touches its number. */
  readonly short: readonly string[];
  /** Of one, and of more. */
  readonly full: readonly [string, string];
}

const style = (weight: number, full: readonly [string, string], ...short: readonly string[]): UnitStyle => ({
  weight,
  short,
  full,
});
const metric = (word: string) => [`${word}`, `${word}s`] as const;

/** The small letter l is left out: in most faces it looks like a 1 or an I. */
export const UNIT_STYLES: Readonly<Record<Unit, UnitStyle>> = {
  gram: style(10, metric("gram"), "g", "g", "g", "g", "G", "gm", "GMS"),
  kilogram: style(6, metric("kilogram"), "kg", "kg", "kg", "KG", "Kg", "kgs"),
  milligram: style(4, metric("milligram"), "mg", "mg", "MG"),
  microgram: style(2, metric("microgram"), "mcg", "mcg", "µg"),
  ounce: style(5, metric("ounce"), "oz", "oz", "OZ", "oz.", "Oz"),
  pound: style(5, metric("pound"), "lb", "lbs", "LB", "LBS", "lbs.", "lb."),
  ton: style(2, metric("ton"), "t", "T", "ton", "TON", "tons"),

  centimetre: style(8, metric("centimetre"), "cm", "cm", "cm", "CM"),
  millimetre: style(5, metric("millimetre"), "mm", "mm", "mm", "MM"),
  metre: style(2, metric("metre"), "m", "m", "M", "mtr"),
  inch: style(7, ["inch", "inches"], '"', '"', '"', "in", "in", "in.", "IN", "inch"),
  foot: style(2, ["foot", "feet"], "ft", "ft", "FT", "ft.", "'"),
  yard: style(1, metric("yard"), "yd", "yds", "YD"),

  volt: style(9, metric("volt"), "V", "V", "V", "V", "v"),
  millivolt: style(1, metric("millivolt"), "mV"),
  kilovolt: style(1, metric("kilovolt"), "kV", "KV"),
  watt: style(9, metric("watt"), "W", "W", "W", "W", "w"),
  kilowatt: style(2, metric("kilowatt"), "kW", "kW", "KW"),

  millilitre: style(6, metric("millilitre"), "ml", "ml", "ml", "mL", "ML"),
  litre: style(4, metric("litre"), "L", "L", "L", "LTR", "Ltr"),
  centilitre: style(2, metric("centilitre"), "cl", "cL", "CL"),
  decilitre: style(2, metric("decilitre"), "dl", "dL"),
  microlitre: style(1, metric("microlitre"), "µL", "µl"),
  "fluid ounce": style(5, metric("fluid ounce"), "fl oz", "FL OZ", "FL OZ", "fl. oz.", "Fl Oz", "FL. OZ."),
  gallon: style(2, metric("gallon"), "gal", "GAL", "gal."),
  "imperial gallon": style(1, metric("imperial gallon"), "imp gal", "IMP GAL"),
  pint: style(2, metric("pint"), "pt", "PT", "pt."),
  quart: style(2, metric("quart"), "qt", "QT", "qt."),
  cup: style(2, metric("cup"), "cup", "cups", "CUP"),
  "cubic foot": style(1, ["cubic foot", "cubic feet"], "cu ft", "cu. ft.", "CU FT", "ft³"),
  "cubic inch": style(2, ["cubic inch", "cubic inches"], "cu in", "cu. in.", "CU IN", "in³"),
};
