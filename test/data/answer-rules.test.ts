import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cleanAnswer } from "../../src/challenge/clean-answer.ts";
import { parseDataSettings } from "../../src/config/load.ts";
import { ANSWER_RULES, loadAnswerRules } from "../../src/data/answer-rules.ts";
import { InputError } from "../../src/util/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "amlc-rules-"));
const shipped = readFileSync(ANSWER_RULES, "utf8");

let files = 0;
/** The rules of the package with one passage changed; the passage has to be there. */
function changed(passage: string | RegExp, replacement: string): string {
  const text = shipped.replace(passage, replacement);
  expect(text).not.toBe(shipped);
  const file = join(folder, `rules-${files++}.yaml`);
  writeFileSync(file, text);
  return file;
}

function faultOf(file: string): InputError {
  try {
    loadAnswerRules(file);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error("the rules were taken");
}

/** `line:column` of a passage in the rules of the package. */
function placeOf(passage: string): string {
  const before = shipped.slice(0, shipped.indexOf(passage)).split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

test("a user's own rules are read as those of the package", () => {
  const rules = loadAnswerRules(changed("spellings:\n      [g, gm,", "spellings:\n      [quentchen, g, gm,"));
  const policy = parseDataSettings().answers;
  expect(cleanAnswer("3 Quentchen", "item_weight", rules, policy).answer).toBe("3 gram");
  expect(cleanAnswer("3 Quentchen", "item_weight", loadAnswerRules(), policy).answer).toBe("");
});

describe("faults are named with file, line and key", () => {
  test("an unknown key, with the nearest", () => {
    const file = changed("\nnoise:", "\nnoyse:");
    const { message, hint } = faultOf(file);
    expect(message).toContain(`${file}:${placeOf("noise:")}: noyse: unknown key; did you mean "noise"?`);
    expect(hint).toContain("answers.yaml");
  });

  test("an unknown key of a unit", () => {
    const file = changed("size: 745.69987158227022", "sice: 745.69987158227022");
    expect(faultOf(file).message).toContain(`${file}:${placeOf("size: 745.6")}: units.horsepower.sice: unknown key`);
    expect(faultOf(file).message).toContain('did you mean "size"?');
  });

  test("a size of a unit of the challenge, or none of another", () => {
    const file = changed("\n  yard:\n", "\n  yard:\n    size: 1\n");
    expect(faultOf(file).message).toMatch(/:\d+:5: units\.yard\.size: that of yard is known and not set here$/);
    expect(faultOf(changed("    size: 745.69987158227022\n", "")).message).toMatch(
      /units\.horsepower\.size: is missing$/,
    );
  });

  test("a spelling that two units of one quantity have", () => {
    const file = changed("[kg, kgs, kgm,", "[kg, kgs, gms, kgm,");
    expect(faultOf(file).message).toMatch(
      /:\d+:5: units\.kilogram\.spellings: "gms" is given twice, here and in units\.gram\.spellings$/,
    );
  });

  test("a spelling that differs from another by spaces, hyphens or capitals alone", () => {
    const file = changed("[fl oz, floz,", "[fl oz, Fl.-Oz, fl.oz, floz,");
    expect(faultOf(file).message).toContain('"fl.oz" is given twice, here and in units.fluid ounce.spellings');
    expect(faultOf(file).message).not.toContain('"Fl.-Oz"'); // has a capital, so it stands for itself alone
  });

  test("a spelling that is no value elsewhere", () => {
    const file = changed("[v, vac,", "[v, wh, vac,");
    expect(faultOf(file).message).toContain('units.volt.spellings: "wh" is given twice, here and in other_units');
  });

  test("one spelling of units of two quantities is right: oz", () => {
    const rules = loadAnswerRules();
    const policy = parseDataSettings().answers;
    expect(cleanAnswer("5 oz", "item_weight", rules, policy).answer).toBe("5 ounce");
    expect(cleanAnswer("5 oz", "item_volume", rules, policy).answer).toBe("5 fluid ounce");
  });

  test("a unit of the challenge that is missing", () => {
    const { message } = faultOf(changed("  pint:\n", "  pynt:\n"));
    expect(message).toContain(`:${placeOf("units:\n")}: units: lacks pint, a unit of item_volume`);
    expect(message).toContain('units.pynt: pynt is no unit of the challenge and lacks "into"');
  });

  test("a conversion into a unit that is not allowed, or of another quantity", () => {
    expect(faultOf(changed("into: watt\n    spellings: [hp", "into: horse\n    spellings: [hp")).message).toMatch(
      /units\.horsepower\.into: "horse" is no unit of the challenge for power$/,
    );
    expect(faultOf(changed("into: watt\n    spellings: [hp", "into: gram\n    spellings: [hp")).message).toMatch(
      /units\.horsepower\.into: "gram" is no unit of the challenge for power$/,
    );
  });

  test("names of units, entities and quantities that there are not", () => {
    expect(faultOf(changed("units: [foot, inch]", "units: [foot, inches]")).message).toMatch(
      /sums: "inches" is no unit/,
    );
    expect(faultOf(changed("st: stone", "st: stones")).message).toMatch(/in_sums: "stones" is no unit/);
    expect(faultOf(changed("- entities: [height]", "- entities: [hight]")).message).toMatch(
      /dimensions: "hight" is no/,
    );
    expect(faultOf(changed("signed: [voltage]", "signed: [volt]")).message).toMatch(/signed: "volt" is no quantity/);
    expect(faultOf(changed("before: [mg]", "before: [mmg]")).message).toMatch(
      /"mmg" is none of the spellings of milli/,
    );
  });

  test("values of the wrong kind", () => {
    expect(faultOf(changed("size: 745.69987158227022", "size: heavy")).message).toMatch(
      /:\d+:5: units\.horsepower\.size: /,
    );
    expect(faultOf(changed("size: 745.69987158227022", "size: -1")).message).toMatch(/units\.horsepower\.size: /);
    expect(faultOf(changed('"½": 1/2', '"½": a half')).message).toMatch(/fractions\.glyphs\.½: is of the form: 1\/2/);
    expect(faultOf(changed("٠١٢٣٤٥٦٧٨٩", "٠١٢")).message).toMatch(/digits\.0: has ten digits, from 0 to 9/);
  });

  test("a key that is missing, broken YAML, a file that is not there", () => {
    expect(faultOf(changed(/\nsigned: .*\n/, "\n")).message).toMatch(/signed: /);
    expect(faultOf(changed("signed: [voltage]", "signed: [voltage")).message).toMatch(/\.yaml:\d+:\d+: /);
    expect(() => loadAnswerRules(join(folder, "none.yaml"))).toThrow(/none\.yaml: cannot be read/);
  });

  test("twenty faults at most", () => {
    const file = changed(/quantity: /g, "qantity: ");
    expect(faultOf(file).message.split("\n")).toHaveLength(21);
    expect(faultOf(file).message).toMatch(/\nand \d+ more$/);
  });
});
