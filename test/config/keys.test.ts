import { expect, test } from "vitest";
import { configJsonSchema, configKeys } from "../../src/config/keys.ts";

test("every key is described and says what it accepts", () => {
  const keys = configKeys();
  expect(keys.length).toBeGreaterThan(40);
  expect(keys.filter(({ description, valid }) => description === "" || valid === "")).toEqual([]);
});

test("a key names its default, range and choices", () => {
  const key = (name: string) => configKeys().find((k) => k.name === name);
  expect(key("lora.rank")).toMatchObject({ default: 8, valid: "whole number from 1 to 4096", choices: [] });
  expect(key("engine.weights")).toMatchObject({
    valid: "fp32, fp16, int8 or int8x2",
    choices: ["fp32", "fp16", "int8", "int8x2"],
  });
  expect(key("run.name")?.valid).toBe("text or null");
  expect(key("data.train")?.default).toBeUndefined();
});

test("the JSON Schema lets an editor complete keys and refuse others", () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({ additionalProperties: false, required: ["base", "data"] });
  expect(schema.properties?.lora?.properties?.rank).toMatchObject({ default: 8, minimum: 1, type: "integer" });
});
