import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkSubmission } from "../../src/data/check-submission.ts";
import { workFolder } from "../support/work-folder.ts";

const OFFICIAL = join(import.meta.dirname, "..", "challenge", "official");
const folder = workFolder();

function check(submission: string, test?: string) {
  const [path, testPath] = [join(folder, "submission.csv"), join(folder, "test.csv")];
  writeFileSync(path, submission);
  if (test !== undefined) writeFileSync(testPath, test);
  return checkSubmission(path, test === undefined ? undefined : testPath);
}

const TEST = "index,image_link,group_id,entity_name\n0,a.jpg,1,width\n1,a.jpg,1,item_weight\n3,b.jpg,2,voltage\n";

test("the official sample passes, the official sample that fails does so at its line, with and without the test table", async () => {
  const file = (name: string) => join(OFFICIAL, name);
  for (const test of [undefined, file("sample_test.csv")]) {
    expect(await checkSubmission(file("sample_test_out.csv"), test)).toEqual({ rows: 88, answered: 63, faults: [] });
    const { faults } = await checkSubmission(file("sample_test_out_fail.csv"), test);
    const fault = expect.stringContaining('"6.75 lbs": "lbs" is no unit');
    expect(faults).toEqual([{ line: 16, index: "14", fault }]);
  }
});

test("a good submission may be in any order and leave rows unanswered", async () => {
  const good = "index,prediction\n3,12 volt\n0,\n1,1.5 kilogram\n";
  expect(await check(good, TEST)).toEqual({ rows: 3, answered: 2, faults: [] });
});

test.each([
  ["a missing row", "index,prediction\n0,\n1,\n", null, "index 3 of"],
  ["a foreign row", "index,prediction\n0,\n1,\n3,\n4,\n", 5, "index 4 is not in"],
  ["a row twice", "index,prediction\n0,\n1,\n3,\n1,2 gram\n", 5, "index 1 stands again, first on line 3"],
  ["an index that is no number", "index,prediction\n0,\n1,\n3,\nx,\n", 5, 'index "x" is no whole number'],
  [
    "another order of columns",
    "prediction,index\n,0\n,1\n,3\n",
    1,
    "the header is prediction,index, not index,prediction",
  ],
  ["one more column", "index,prediction,note\n0,,\n1,,\n3,,\n", 1, "the header is index,prediction,note"],
  ["other columns", "id,answer\n0,\n", 1, "the header is id,answer"],
  ["no rows", "index,prediction\n", null, "there are no rows"],
  ["a range", 'index,prediction\n0,\n1,\n3,"[100.0, 240.0] volt"\n', 4, "not of the form"],
  ["a unit that the entity has not", "index,prediction\n0,5 gram\n1,\n3,\n", 2, "width has no gram, but centimetre"],
  ["a word that is no unit", "index,prediction\n0,5 lbs\n1,\n3,\n", 2, '"lbs" is no unit; width has centimetre, foot'],
  ["a number beyond all", `index,prediction\n0,${"9".repeat(400)} inch\n1,\n3,\n`, 2, "the number is too large"],
])("%s is a fault with its line", async (_, submission, line, fault) => {
  const { faults } = await check(submission, TEST);
  expect(faults).toContainEqual({ line, index: expect.toSatisfy(() => true), fault: expect.stringContaining(fault) });
});

test("a test table that asks for an index twice is refused", async () => {
  const twice = `${TEST}1,a.jpg,1,width\n`;
  await expect(check("index,prediction\n0,\n1,\n3,\n", twice)).rejects.toThrow(/test\.csv: line 5 has index "1" again/);
});

test("all faults are told, in the order of lines", async () => {
  const { faults } = await check("index,prediction\n0,5 lbs\n1,5 volt\n9,\n", TEST);
  expect(faults.map(({ line }) => line)).toEqual([2, 3, 4, null]);
});
