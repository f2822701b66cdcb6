import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { loadModel } from "../../../../src/model/model.ts";
import { initModel } from "../../../../src/recipes/init-model.ts";
import { InterruptedError } from "../../../../src/util/errors.ts";
import { mountSmallDisk } from "../../../support/small-disk.ts";
import { workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const folder = workFolder();
const printed = captureOutput();
const init = (name: string, ...more: string[]) =>
  runProgram(["model", "init", "checkpoints/tiny", "-o", join(folder, name), ...more]);
const bytesOf = (name: string) => readFileSync(join(folder, name, "model.safetensors"));

test("writes a folder that loads, with the tokenizer and preprocessor of the one it is like", async () => {
  expect(await init("a")).toBe(0);
  expect(printed.out).toMatch(/a: 19\d,\d{3} random numbers in fp32, seed 0\n$/);
  expect(readdirSync(join(folder, "a"))).toEqual(readdirSync("checkpoints/tiny"));
  const { weights } = await loadModel(join(folder, "a"), "f32");
  const like = await loadModel("checkpoints/tiny", "f32");
  expect(Object.keys(weights)).toEqual(Object.keys(like.weights));
  expect(weights).not.toEqual(like.weights);
});

test("is a function of the seed", async () => {
  expect([await init("b"), await init("c", "--seed", "1")]).toEqual([0, 0]);
  expect(bytesOf("b").equals(bytesOf("a"))).toBe(true);
  expect(bytesOf("c").equals(bytesOf("a"))).toBe(false);
});

test("in fp16 it takes half the bytes", async () => {
  expect(await init("half", "--dtype", "fp16", "--json")).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({
    folder: join(folder, "half"),
    files: expect.arrayContaining(["config.json"]),
  });
  expect(bytesOf("half").length / bytesOf("a").length).toBeCloseTo(0.5, 1);
});

test("config.json says the type that the weights have, whatever that of the folder it is like says", async () => {
  const dtypeOf = (name: string) => JSON.parse(readFileSync(join(folder, name, "config.json"), "utf8")).dtype;
  expect([dtypeOf("a"), dtypeOf("half")]).toEqual(["float32", "float16"]);
  await initModel({ like: join(folder, "half"), output: join(folder, "wide"), seed: 0, range: 0.02 });
  expect(dtypeOf("wide")).toBe("float32");
});

test.each([
  [["--seed", "-1"], /--seed -1: wanted is a whole number from 0 to 4294967295/],
  [["--seed", "1.5"], /--seed 1\.5: wanted is a whole number/],
  [["--range", "0"], /--range 0: wanted is a number above 0/],
  [["--range", "Infinity"], /--range Infinity: wanted is a number above 0, and 1000 at most/],
  [["--range", "1e6", "--dtype", "fp16"], /--range 1000000: wanted is a number above 0, and 1000 at most/],
])("%j is refused", async (more, message) => {
  expect(await init("refused", ...more)).toBe(2);
  expect(printed.err).toMatch(message);
});

test("sizes of an image that do not fit each other are refused: nobody could load the model", async () => {
  const like = join(folder, "bent");
  cpSync("checkpoints/tiny", like, { recursive: true });
  const config = readFileSync(join(like, "config.json"), "utf8").replace('"image_size": 56', '"image_size": 112');
  writeFileSync(join(like, "config.json"), config);
  expect(await runProgram(["model", "init", like, "-o", join(folder, "unbent")])).toBe(2);
  expect(printed.err).toMatch(/\/processor_config\.json: size: is 56 by 56, but .*image_size is 112/);
  expect(existsSync(join(folder, "unbent"))).toBe(false);
});

test("a model that is there is not overwritten", async () => {
  expect(await init("a")).toBe(2);
  expect(printed.err).toContain("there is a model already");
});

test("stopped on the way, nothing of it stays", async () => {
  const stop = new AbortController();
  const told: (readonly [number, number])[] = [];
  const onDrawn = (done: number, total: number) => {
    told.push([done, total]);
    if (told.length === 3) stop.abort();
  };
  const output = join(folder, "stopped");
  const options = { like: "checkpoints/tiny", output, seed: 0, range: 0.02, onDrawn, signal: stop.signal };
  await expect(initModel(options)).rejects.toThrow(InterruptedError);
  expect(told.map(([, total]) => total)).toEqual(Array(3).fill(4 * 197_120));
  expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
});

const disk = join(folder, "disk");
test.skipIf(!mountSmallDisk(disk))("a base of full size begins with a look at the disk", async () => {
  const output = join(disk, "3b");
  expect(await runProgram(["model", "init", "google/paligemma-3b-ft-docvqa-448", "-o", output])).toBe(2);
  expect(printed.err).toMatch(/disk\/3b: 5,8\d\d,\d{3},\d{3} bytes are needed on that disk, [\d,]+ bytes are free/);
  expect([existsSync(output), readdirSync(disk)]).toEqual([false, []]);
});
