import { expect, test } from "vitest";
import { type LabelPolicies, labelJudge } from "../../src/challenge/judge-label.ts";
import { LABEL_RULES, type LimitsOf } from "../../src/challenge/label-rules.ts";
import { parseDataSettings } from "../../src/config/load.ts";

const LINK = "https://m.media-amazon.com/images/I/61I9XdN6OFL.jpg";
const limitsOf: LimitsOf = (entity) => (entity === "item_weight" ? [0.001, 100_000] : undefined);

function judge(text: string, entity = "item_weight", clean: object = {}, link = LINK) {
  const { limits, ...policies } = parseDataSettings({ clean }).clean;
  return labelJudge(policies as LabelPolicies, limitsOf)(link, entity, text);
}

test("an official label with an allowed unit and a sensible number is left as it is", () => {
  expect(judge("500.0 gram")).toEqual({ outcome: "clean", rule: undefined, text: "500.0 gram", unit: "gram" });
});

test.each([
  ["", "item_weight", LINK, "empty"],
  ["5 gram", "item_weight", "ftp://x/a.jpg", "link"],
  ["5 gram", "item_weight", "https://x/", "link"],
  ["5 gram", "item_weight", "https://x/a%2Fb.jpg", "link"],
  ["5 gram", "weight", LINK, "entity"],
  ["[100.0, 240.0] volt", "voltage", LINK, "range"],
  ["2.2e+20 gram", "item_weight", LINK, "scientific"],
  ["about 5 gram", "item_weight", LINK, "format"],
  ["3.0 horsepower", "wattage", LINK, "unit"],
  ["5.0 fluid ounce", "item_weight", LINK, "unit"],
  ["0.0 gram", "item_weight", LINK, "magnitude"],
  ["100000000 kilogram", "item_weight", LINK, "magnitude"],
  ["-5 gram", "item_weight", LINK, "magnitude"],
])("%j of %s is dropped", (text, entity, link, rule) => {
  expect(judge(text, entity, {}, link)).toMatchObject({ outcome: "dropped", rule });
});

test.each([
  ["[100.0, 240.0] volt", "voltage", { range: "max" }, "240.0 volt"],
  ["[240.0, 100.0] volt", "voltage", { range: "min" }, "100.0 volt"],
  ["10 kilogram to 15kilogram", "item_weight", { range: "max" }, "15 kilogram"],
  ["2.2e+2 gram", "item_weight", { scientific: "write" }, "220.0 gram"],
])("%j of %s is mended by %j", (text, entity, clean, mended) => {
  const rule = Object.keys(clean)[0];
  expect(judge(text, entity, clean)).toEqual({
    outcome: "changed",
    rule,
    text: mended,
    unit: mended.replace(/^\S+ /, ""),
  });
});

test("a mended label is looked at again: the horsepower of a range is dropped for its unit", () => {
  expect(judge("[1.0, 2.0] horsepower", "wattage", { range: "max" })).toEqual({
    ...{ outcome: "dropped", rule: "unit", text: "2.0 horsepower", unit: "horsepower" },
  });
  expect(judge("2.2e+20 gram", "item_weight", { scientific: "write" })).toMatchObject({ rule: "magnitude" });
});

test("with every policy at keep nothing is dropped or changed, and the first rule that finds something is told", () => {
  const keep = Object.fromEntries(LABEL_RULES.map(({ name }) => [name, "keep"]));
  expect(judge("[1.0, 2.0] horsepower", "wattage", keep)).toEqual({
    ...{ outcome: "kept", rule: "range", text: "[1.0, 2.0] horsepower", unit: "horsepower" },
  });
});

test("each rule has a policy among the settings, drop by default", () => {
  const { limits, ...policies } = parseDataSettings().clean;
  expect(Object.keys(policies)).toEqual([...LABEL_RULES.map(({ name }) => name), "contradiction", "duplicate"]);
  expect(new Set(Object.values(policies))).toEqual(new Set(["drop"]));
});
