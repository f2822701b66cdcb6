import { expect, test } from "vitest";
import { parseDataSettings } from "../../../src/config/load.ts";
import { askAbout } from "../../../src/data/synth/questions.ts";

const { questions: settings } = parseDataSettings({});
const LABEL = ["NET WT 34g", 'W: 5.5"', "34 cm wide"].join("\n");
/** Every question that comes up about a label. */
function allAbout(text: string, kind: "ocr" | "after" | "before"): Record<string, string> {
  const only = { ...settings, per_picture: 16, ocr: 0, after: 0, before: 0, [kind]: 1 };
  const links = Array.from({ length: 200 }, (_, i) => `https://host/${i}.jpg`);
  return Object.fromEntries(
    links.flatMap((link) => askAbout(link, text, only).map(({ prompt, answer }) => [prompt, answer])),
  );
}

test("ocr asks for all lines, a number and its unit apart", () => {
  expect(allAbout(LABEL, "ocr")).toEqual({ ocr: 'NET WT 34 g\nW: 5.5 "\n34 cm wide' });
});

test("after asks for what comes next in a line", () => {
  expect(allAbout(LABEL, "after")).toEqual({
    "after NET": "WT 34 g",
    "after NET WT": "34 g",
    "after NET WT 34": "g",
    "after W:": '5.5 "',
    "after W: 5.5": '"',
    "after 34 cm": "wide",
  });
});

test("before asks for the last word, with its number", () => {
  expect(allAbout(LABEL, "before")).toEqual({
    "before WT 34 g": "NET",
    "before 34 g": "WT",
    "before g": "34",
    'before 5.5 "': "W:",
    'before "': "5.5",
    "before cm wide": "34",
    "before wide": "34 cm",
  });
});

test("what stands on a label twice is not asked for", () => {
  expect(allAbout("12 V\n12 W", "after")).toEqual({});
  expect(allAbout("12 V\n12 W", "before")).toEqual({ "before V": "12", "before W": "12" });
});

test("there are as many as are wanted, each once, and the same for the same seed", () => {
  const ask = (seed: number) => askAbout("https://host/a.jpg", LABEL, { ...settings, per_picture: 3, seed });
  expect(new Set(ask(0).map(({ prompt }) => prompt)).size).toBe(3);
  expect(ask(0)).toEqual(ask(0));
  expect([1, 2, 3, 4].map(ask)).not.toEqual([0, 0, 0, 0].map(ask));
});

test("a label of one word can be read whole alone", () => {
  expect(askAbout("https://host/a.jpg", "Vegan", settings)).toEqual([{ prompt: "ocr", answer: "Vegan" }]);
  expect(allAbout("Vegan", "after")).toEqual({});
});
