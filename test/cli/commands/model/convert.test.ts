import { cpSync, existsSync, readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../../../../src/cli/program.ts";
import { f16ToF32, f32ToBf16, f32ToF16 } from "../../../../src/formats/half.ts";
import { readSafetensors } from "../../../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../../../src/formats/safetensors-write.ts";
import { loadModel } from "../../../../src/model/model.ts";
import { convertModel } from "../../../../src/recipes/convert-model.ts";
import { inspectModel } from "../../../../src/recipes/inspect-model.ts";
import { InterruptedError } from "../../../../src/util/errors.ts";
import { tensor } from "../../../../src/util/tensor.ts";
import { mountSmallDisk } from "../../../support/small-disk.ts";
import { workFolder } from "../../../support/work-folder.ts";
import { captureOutput } from "../../capture.ts";

const TINY = join("checkpoints", "tiny");
const WEIGHTS = "model.safetensors";
const EMBEDDING = "language_model.model.embed_tokens.weight";
const folder = workFolder();
const at = (...names: string[]) => join(folder, ...names);
const printed = captureOutput();
const convert = (from: string, output: string, ...more: string[]) =>
  runProgram(["model", "convert", from, "-o", at(output), ...more]);
const numbersOf = async (base: string) => (await loadModel(base, "f32")).weights[EMBEDDING]!.data as Float32Array;

describe("a base in another type", () => {
  test.each([
    ["fp16", "F16", (numbers: Float32Array) => f16ToF32(f32ToF16(numbers))],
    [
      "bf16",
      "BF16",
      (numbers: Float32Array) => new Float32Array(Uint32Array.from(f32ToBf16(numbers), (b) => b << 16).buffer),
    ],
    ["fp32", "F32", (numbers: Float32Array) => numbers],
  ] as const)("%s: each number is rounded to nearest", async (dtype, stored, round) => {
    expect(await convert(TINY, dtype, "--dtype", dtype)).toBe(0);
    expect(printed.out).toMatch(/: 197,120 numbers in \w+, 0\.\d MB\n$/);
    expect(await numbersOf(at(dtype))).toEqual(round(await numbersOf(TINY)));
    expect((await inspectModel(at(dtype))).groups.map((group) => group.dtype)).toEqual([stored, stored, stored]);
  });

  test("there and back from fp16 gives the same file", async () => {
    expect(await convert(at("fp16"), "wide", "--dtype", "fp32")).toBe(0);
    expect(await convert(at("wide"), "narrow", "--dtype", "fp16")).toBe(0);
    expect(readFileSync(at("narrow", WEIGHTS)).equals(readFileSync(at("fp16", WEIGHTS)))).toBe(true);
    expect(readFileSync(at("narrow", "config.json"), "utf8")).toContain('"dtype": "float16"');
  });

  test("shards are read and written one weight at a time", async () => {
    await convertModel({ folder: TINY, output: at("shards"), dtype: "fp16", shardBytes: 100_000 });
    expect(readdirSync(at("shards")).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(2);
    expect(await convert(at("shards"), "joined", "--dtype", "fp16")).toBe(0);
    expect(readFileSync(at("joined", WEIGHTS)).equals(readFileSync(at("fp16", WEIGHTS)))).toBe(true);
  });
});

test.each(["hub", "transformers>=4.52", "transformers>=5.6"])(
  "in the names of %s it is the same base",
  async (dialect) => {
    expect(await convert(TINY, dialect, "--dtype", "fp32", "--dialect", dialect, "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ dialect, dtype: "fp32", parameters: 197_120 });
    expect((await inspectModel(at(dialect))).dialect).toBe(dialect);
    expect(await numbersOf(at(dialect))).toEqual(await numbersOf(TINY));
  },
);

describe("refused, and nothing is written:", () => {
  const refused = async (from: string, ...more: string[]) => {
    const before = readdirSync(folder);
    expect(await convert(from, "refused", "--dtype", "fp16", ...more)).toBe(2);
    expect(readdirSync(folder)).toEqual(before);
    return printed.err;
  };

  test("a number beyond fp16, by the name of its weight", async () => {
    cpSync(TINY, at("large"), { recursive: true });
    const tensors = new Map(await readSafetensors(at("large", WEIGHTS)));
    const norm = new Float32Array(64);
    norm[5] = 65520;
    tensors.set("language_model.model.norm.weight", tensor("f32", [64], norm));
    writeFileSync(at("large", WEIGHTS), encodeSafetensors(tensors));
    expect(await refused(at("large"))).toMatch(
      /language_model\.model\.norm\.weight: 1 of 64 numbers are beyond fp16's ±65504\nhint: write it as bf16 or fp32/,
    );
  });

  test("another family", async () => {
    cpSync(TINY, at("llama"), { recursive: true });
    writeFileSync(at("llama", "config.json"), '{ "model_type": "llama" }');
    expect(await refused(at("llama"))).toMatch(/config\.json: model_type is "llama", wanted is "paligemma"/);
  });

  test("a folder that is not there", async () => {
    expect(await refused(at("nowhere"))).toMatch(/nowhere: no such folder/);
  });

  test("an output that is a model already, be it the same", async () => {
    const before = readFileSync(at("fp16", WEIGHTS));
    expect(await convert(at("fp16"), "fp16", "--dtype", "fp32")).toBe(2);
    expect(printed.err).toMatch(/fp16: there is a model already/);
    expect(readFileSync(at("fp16", WEIGHTS)).equals(before)).toBe(true);
  });
});

test("stopped on the way, nothing of it stays", async () => {
  const stop = new AbortController();
  const options = { folder: TINY, output: at("stopped"), dtype: "fp16", onWritten: () => stop.abort() } as const;
  await expect(convertModel({ ...options, signal: stop.signal })).rejects.toThrow(InterruptedError);
  expect(readdirSync(folder).filter((name) => name.startsWith("stopped"))).toEqual([]);
});

const disk = at("disk");
// A small disk takes Linux and root.
test.skipIf(!mountSmallDisk(disk))("a disk without room is refused before anything is written", async () => {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize - 300_000));
  expect(await convert(TINY, "disk/base", "--dtype", "fp16")).toBe(2);
  expect(printed.err).toMatch(/disk\/base: 394,240 bytes are needed on that disk, [\d,]+ bytes are free/);
  expect(existsSync(join(disk, "base"))).toBe(false);
});
