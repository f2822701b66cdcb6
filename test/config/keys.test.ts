import { expect, test } from "vitest";
import { configJsonSchema, configKeys, renderKeyTable } from "../../src/config/keys.ts";

test("every key is described and says what it accepts", () => {
  const keys = configKeys();
  expect(keys.length).toBeGreaterThan(40);
  expect(keys.filter(({ description, valid }) => description === "" || valid === "")).toEqual([]);
});

test("help shows key, default, meaning and range on one line each", () => {
  const line = renderKeyTable()
    .split("\n")
    .find((text) => text.startsWith("lora.rank "));
  expect(line?.replace(/ +/g, " ")).toBe("lora.rank 8 rank r of an adapter [whole number from 1 to 4096]");
});

test("the JSON Schema lets an editor complete keys and refuse others", () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({ additionalProperties: false, required: ["base", "data"] });
  expect(schema.properties?.lora?.properties?.rank).toMatchObject({ default: 8, minimum: 1, type: "integer" });
});
