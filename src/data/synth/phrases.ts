import type { Entity } from "../../challenge/entities.ts";

/** What packs print around a quantity, which stands where {} is. */
export interface EntityPhrases {
  /** Those that say which entity is meant. */
  readonly marked: readonly string[];
  /** Those that leave it to the unit, for a picture without another quantity of the kind. */
  readonly bare: readonly string[];
  /** A double arrow beside the quantity that says the same as a marked phrase. */
  readonly arrow?: Arrow;
}

/** Left to right, bottom to top, front to back. */
export type Arrow = "across" | "up" | "slanting";

export const PHRASES: Readonly<Record<Entity, EntityPhrases>> = {
  width: {
    marked: ["W: {}", "W {}", "W. {}", "Width {}", "Width: {}", "{} W", "{} (W)", "{} wide", "Wide {}"],
    bare: ["{}"],
    arrow: "across",
  },
  depth: {
    marked: ["D: {}", "D {}", "Depth {}", "Depth: {}", "{} D", "{} (D)", "{} deep", "Deep {}"],
    bare: ["{}"],
    arrow: "slanting",
  },
  height: {
    marked: ["H: {}", "H {}", "Height {}", "Height: {}", "{} H", "{} (H)", "{} tall", "{} high"],
    bare: ["{}"],
    arrow: "up",
  },
  item_weight: {
    marked: [
      ...["NET WT {}", "NET WT. {}", "Net Wt: {}", "Net weight {}", "Net Weight: {}", "NET {}", "Net: {}"],
      ...["Weight {}", "Weight: {}", "WT {}", "Wt. {}", "N.W. {}", "Item weight {}"],
    ],
    bare: ["{}"],
  },
  maximum_weight_recommendation: {
    marked: [
      ...["MAX {}", "Max. {}", "Max load {}", "MAX LOAD: {}", "Max weight {}", "Weight limit {}", "Load limit: {}"],
      ...["Holds up to {}", "Supports {}", "Up to {}", "Load capacity {}", "Max user {}"],
    ],
    bare: [],
  },
  voltage: {
    marked: ["Voltage {}", "Voltage: {}", "Input {}", "INPUT: {}", "DC {}", "AC {}", "{} DC", "{} AC", "Rated {}"],
    bare: ["{}", "{}", "{} battery"],
  },
  wattage: {
    marked: ["Power {}", "Power: {}", "Wattage {}", "Wattage: {}", "Rated power {}"],
    bare: ["{}", "{}", "{} LED", "{} bulb"],
  },
  item_volume: {
    marked: ["Volume {}", "Vol. {}", "Capacity {}", "Capacity: {}", "Contents {}", "NET {}", "Net contents {}"],
    bare: ["{}"],
  },
};

/** Text that answers no question of the challenge; a run of # is a number, @ a capital letter. */
export const NOTES: readonly string[] = [
  ...["# PACK", "Pack of #", "# pcs", "x#", "# count", "## tablets", "## capsules", "No. #", "No. ##", "Size ##"],
  ...["SPF ##", "##%", "100% cotton", "IP##", "##00K", "##Hz", "#A", "##00 mAh", "## lm", "#.#GHz", "##°C"],
  ...["LOT ####", "EXP 0#/2#", "Model @##", "SKU ####", "Ref @@##", "@@-###", "@###", "E##", "EST. 19##"],
  ...["Organic", "Premium", "NEW", "Original", "Natural", "Classic", "Extra strong", "Made in Italy", "Heavy duty"],
  ...["Sugar free", "Vanilla", "Lavender", "Lemon", "Dark roast", "Green tea", "Sea salt", "Face cream", "Shampoo"],
  ...["Steel", "Bamboo", "Waterproof", "Foldable", "Rechargeable", "USB-C", "Adapter", "Battery", "Indoor use"],
  ...["Product size", "Dimensions", "For kids", "Best quality", "Vegan", "Gluten free", "Daily care", "Protein"],
];

/** Invented names are two or three of these. */
export const SYLLABLES: readonly string[] = [
  ...["ba", "ke", "lo", "mi", "nu", "ra", "so", "ta", "ve", "xi", "zo", "dra", "fel", "gro", "hel", "jun", "kor"],
  ...["lan", "mer", "nor", "pla", "qui", "ros", "sen", "tri", "ul", "vin", "wex", "yor", "zen"],
];
