const LENGTHS = ["centimetre", "foot", "inch", "metre", "millimetre", "yard"] as const;
const MASSES = ["gram", "kilogram", "microgram", "milligram", "ounce", "pound", "ton"] as const;

/** What may be asked about a product, with the units an answer may have (Amazon ML Challenge 2024, official rules). */
export const UNITS = {
  width: LENGTHS,
  depth: LENGTHS,
  height: LENGTHS,
  item_weight: MASSES,
  maximum_weight_recommendation: MASSES,
  voltage: ["kilovolt", "millivolt", "volt"],
  wattage: ["kilowatt", "watt"],
  item_volume: [
    "centilitre",
    "cubic foot",
    "cubic inch",
    "cup",
    "decilitre",
    "fluid ounce",
    "gallon",
    "imperial gallon",
    "litre",
    "microlitre",
    "millilitre",
    "pint",
    "quart",
  ],
} as const;

export type Entity = keyof typeof UNITS;
export type Unit = (typeof UNITS)[Entity][number];

export const ENTITIES = Object.keys(UNITS) as readonly Entity[];

/** Every unit of every entity, each once. */
export const ALL_UNITS: ReadonlySet<string> = new Set(ENTITIES.flatMap((entity) => UNITS[entity] as readonly string[]));

export function isEntity(name: string): name is Entity {
  return Object.hasOwn(UNITS, name);
}
