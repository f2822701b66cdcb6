/** In metre. */
const LENGTHS = {
  centimetre: 0.01,
  foot: 0.3048,
  inch: 0.0254,
  metre: 1,
  millimetre: 0.001,
  yard: 0.9144,
} as const;

/** In gram. A ton is the metric one: the challenge has no other word for it. */
const MASSES = {
  gram: 1,
  kilogram: 1000,
  microgram: 0.000001,
  milligram: 0.001,
  ounce: 28.349523125,
  pound: 453.59237,
  ton: 1000000,
} as const;

/** In volt. */
const VOLTAGES = { kilovolt: 1000, millivolt: 0.001, volt: 1 } as const;

/** In watt. */
const POWERS = { kilowatt: 1000, watt: 1 } as const;

/** In litre. Cup, fluid ounce, gallon, pint and quart are those of the United States. */
const VOLUMES = {
  centilitre: 0.01,
  "cubic foot": 28.316846592,
  "cubic inch": 0.016387064,
  cup: 0.2365882365,
  decilitre: 0.1,
  "fluid ounce": 0.0295735295625,
  gallon: 3.785411784,
  "imperial gallon": 4.54609,
  litre: 1,
  microlitre: 0.000001,
  millilitre: 0.001,
  pint: 0.473176473,
  quart: 0.946352946,
} as const;

const names = <U extends string>(sizes: Readonly<Record<U, number>>) =>
  Object.keys(sizes) as readonly string[] as readonly U[];

/** What may be asked about a product, with the units an answer may have (Amazon ML Challenge 2024, official rules). */
export const UNITS = {
  width: names(LENGTHS),
  depth: names(LENGTHS),
  height: names(LENGTHS),
  item_weight: names(MASSES),
  maximum_weight_recommendation: names(MASSES),
  voltage: names(VOLTAGES),
  wattage: names(POWERS),
  item_volume: names(VOLUMES),
} as const;

export type Entity = keyof typeof UNITS;
export type Unit = (typeof UNITS)[Entity][number];

/** What is measured in units that can be converted into each other. */
export type Quantity = "length" | "mass" | "voltage" | "power" | "volume";

const SIZES: Readonly<Record<Quantity, Readonly<Record<string, number>>>> = {
  ...{ length: LENGTHS, mass: MASSES, voltage: VOLTAGES, power: POWERS, volume: VOLUMES },
};

/** Quantity and size of each unit, exact by its definition: a foot is 0.3048 (metre), a cup 0.2365882365 (litre). */
export const UNIT_SIZES: ReadonlyMap<string, { readonly quantity: Quantity; readonly size: number }> = new Map(
  Object.entries(SIZES).flatMap(([quantity, sizes]) =>
    Object.entries(sizes).map(([unit, size]) => [unit, { quantity: quantity as Quantity, size }] as const),
  ),
);

export const ENTITIES = Object.keys(UNITS) as readonly Entity[];

/** Every unit of every entity, each once. */
export const ALL_UNITS: ReadonlySet<string> = new Set(UNIT_SIZES.keys());

export function isEntity(name: string): name is Entity {
  return Object.hasOwn(UNITS, name);
}
