import { expect, test } from "vitest";
import { readFact } from "../../../src/data/synth/fact.ts";

test.each([
  ["item_weight", "34.0 gram", "34"],
  ["item_weight", "500 gram", "500"],
  ["item_weight", "0.709 gram", "0.709"],
  ["width", "12.50 inch", "12.5"],
])("%s of %s is drawn as %s", (entity, value, number) => {
  expect(readFact(entity, value)).toEqual({ entity, number, unit: value.split(" ")[1] });
});

test.each([
  ["a range", "voltage", "[100.0, 240.0] volt"],
  ["a unit of another entity", "voltage", "5 gram"],
  ["an entity of no challenge", "colour", "5 gram"],
  ["nothing", "item_weight", "0.0 gram"],
  ["less than nothing", "item_weight", "-3 gram"],
  ["more digits than there is room for", "item_weight", "123456789 gram"],
  ["an empty cell", "item_weight", ""],
])("%s is not drawn", (_, entity, value) => expect(readFact(entity, value)).toBeUndefined());
