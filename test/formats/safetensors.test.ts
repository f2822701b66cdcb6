import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { f32ToBf16, f32ToF16 } from "../../src/formats/half.ts";
import { decodeSafetensors, openSafetensors, readSafetensors } from "../../src/formats/safetensors.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { InputError } from "../../src/util/errors.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";

const TINY = join(import.meta.dirname, "../goldens/tiny");

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "amlc-safetensors-"));
  path = join(home, "model.safetensors");
});
afterEach(() => rm(home, { recursive: true }));

type Entry = { dtype: string; shape: unknown; data_offsets: unknown };

/** A file with any header, true or not. */
function handmade(header: Record<string, Entry> | string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

async function readOne(dtype: string, data: ArrayBufferView, as: "f32" | "f16" | "stored"): Promise<Tensor> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = [bytes.length / Number(/\d+/.exec(dtype)?.[0] ?? 8) / 0.125];
  await writeFile(path, handmade({ x: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes));
  const file = await openSafetensors(path);
  try {
    const entry = file.entries.get("x")!;
    return as === "stored" ? await file.readTensor(entry, as) : await file.readTensor(entry, as);
  } finally {
    await file.close();
  }
}

describe("files of PyTorch", () => {
  test.each(["adapter/adapter_model", "model/model"])("%s comes back byte for byte", async (name) => {
    const original = join(TINY, `${name}.safetensors`);
    const bytes = await readFile(original);
    expect(Buffer.compare(encodeSafetensors(await readSafetensors(original)), bytes)).toBe(0);
    expect(await decodeSafetensors(original, bytes)).toEqual(await readSafetensors(original));
  });

  test("hold the numbers that they should", async () => {
    const golden = await readSafetensors(join(TINY, "golden.safetensors"));
    expect(golden.get("in.input_ids")).toMatchObject({ dtype: "i64", shape: [3, 28] });
    expect(golden.get("in.input_ids")?.data.slice(14, 17)).toEqual(BigInt64Array.of(320n, 320n, 2n));
  });
});

describe("numbers", () => {
  const numbers = Float32Array.of(1, -2.5, 65504, 2 ** -24, -0, 0.1);

  test.each([
    ["F32", numbers],
    ["F64", Float64Array.from(numbers)],
  ])("of type %s are read as fp32 and fp16", async (dtype, stored) => {
    expect((await readOne(dtype, stored, "f32")).data).toEqual(numbers);
    expect((await readOne(dtype, stored, "f16")).data).toEqual(f32ToF16(numbers));
  });

  test("of type F16 and BF16 are read as fp32, BF16 as fp16 too", async () => {
    const exact = Float32Array.of(1, -2.5, 2 ** -14, 96);
    expect((await readOne("F16", f32ToF16(exact), "f32")).data).toEqual(exact);
    expect((await readOne("BF16", f32ToBf16(exact), "f32")).data).toEqual(exact);
    expect((await readOne("BF16", f32ToBf16(exact), "f16")).data).toEqual(f32ToF16(exact));
  });

  test("keep their type when asked to, but bf16, which becomes fp32", async () => {
    expect(await readOne("F16", f32ToF16(numbers), "stored")).toEqual(tensor("f16", [6], f32ToF16(numbers)));
    expect((await readOne("I64", BigInt64Array.of(-1n), "stored")).data).toEqual(BigInt64Array.of(-1n));
    expect((await readOne("BF16", Uint16Array.of(0x3f80), "stored")).data).toEqual(Float32Array.of(1));
  });

  test("of a type that is no float do not become weights", async () => {
    await expect(readOne("I32", Int32Array.of(1), "f32")).rejects.toThrow(
      "x: numbers of type I32 cannot be read as f32",
    );
    await expect(readOne("F8_E4M3", Uint8Array.of(1), "stored")).rejects.toThrow("type F8_E4M3 cannot be read");
  });

  test("of a tensor longer than one piece are all converted", async () => {
    const long = Float32Array.from({ length: 2 ** 20 + 3 }, (_, i) => i % 2048);
    const wide = await readOne("F16", f32ToF16(long), "f32");
    const narrow = await readOne("F32", long, "f16");
    expect(Buffer.compare(Buffer.from(wide.data.buffer), Buffer.from(long.buffer))).toBe(0);
    expect(Buffer.compare(Buffer.from(narrow.data.buffer), Buffer.from(f32ToF16(long).buffer))).toBe(0);
  });
});

test("a tensor may be called like a property that every object has", async () => {
  const tensors = new Map<string, Tensor>(
    ["__proto__", "constructor"].map((name) => [name, tensor("f32", [1], Float32Array.of(1))]),
  );
  await writeFile(path, encodeSafetensors(tensors));
  expect(await readSafetensors(path)).toEqual(tensors);
});

test("tensors of any types and shapes survive writing and reading", async () => {
  const shapes = fc.array(fc.nat({ max: 3 }), { maxLength: 3 });
  const anyTensor = fc.oneof(
    shapes.map((s) => tensor("f32", s, new Float32Array(s.reduce((n, d) => n * d, 1)).fill(1.5))),
    shapes.map((s) => tensor("i64", s, new BigInt64Array(s.reduce((n, d) => n * d, 1)).fill(-7n))),
    shapes.map((s) => tensor("bool", s, new Uint8Array(s.reduce((n, d) => n * d, 1)).fill(1))),
  );
  const named = fc.dictionary(fc.string({ minLength: 1 }), anyTensor);
  await fc.assert(
    fc.asyncProperty(named, async (dictionary) => {
      const tensors = new Map<string, Tensor>(Object.entries(dictionary));
      await writeFile(path, encodeSafetensors(tensors));
      expect(await readSafetensors(path)).toEqual(tensors);
    }),
    { numRuns: 60 },
  );
});

test("the order in which tensors are given does not show in the file", () => {
  const a = tensor("f32", [1], Float32Array.of(1));
  const b = tensor("f16", [3], Uint16Array.of(1, 2, 3));
  const one = encodeSafetensors(
    new Map<string, Tensor>([
      ["a", b],
      ["b", a],
      ["c", b],
    ]),
  );
  const two = encodeSafetensors(
    new Map<string, Tensor>([
      ["c", b],
      ["b", a],
      ["a", b],
    ]),
  );
  expect(one).toEqual(two);
});

describe("a file that lies is refused by name:", () => {
  const f32 = (begin: number, end: number, shape: unknown = [1]): Entry => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });
  const lies: Record<string, [Uint8Array, RegExp]> = {
    "no bytes": [new Uint8Array(0), /no safetensors file, or cut short: it has 0 bytes/],
    "a Git LFS pointer": [Buffer.from("version https://git-lfs.github.com/spec/v1\n"), /no safetensors file/],
    "a header longer than the file": [
      handmade("{}").fill(9, 0, 1),
      /cut short: it has 10 bytes and claims a header of 9/,
    ],
    "a header that is no JSON": [handmade("{"), /header: is not JSON/],
    "a header that is a list": [handmade("[]"), /header: .*wants an object of tensors/],
    "bytes that are no text": [handmade("{}").fill(0xff, 8), /header: is not text/],
    "a tensor that is no record": [handmade('{"x":3}'), /header: x: /],
    "an unknown type": [handmade({ x: { ...f32(0, 4), dtype: "F31" } }), /header: x: dtype: unknown type "F31"/],
    "a negative shape": [handmade({ x: f32(0, 4, [-1]) }), /header: x: shape\.0/],
    "a fractional offset": [handmade({ x: f32(0, 3.5) }), /header: x: data_offsets\.1/],
    "an end before its beginning": [handmade({ x: f32(4, 0) }, new Uint8Array(8)), /x: .* span -4 bytes/],
    "a length that is not its shape's": [
      handmade({ x: f32(0, 8) }, new Uint8Array(8)),
      /span 8 bytes, F32 \[1\] wants 4/,
    ],
    "a shape beyond all numbers": [handmade({ x: f32(0, 4, [2 ** 52, 2 ** 52]) }, new Uint8Array(4)), /span 4 bytes/],
    "two tensors in one place": [handmade({ x: f32(0, 4), y: f32(0, 4) }, new Uint8Array(8)), /y: .* overlaps/],
    "a gap between tensors": [handmade({ x: f32(0, 4), y: f32(8, 12) }, new Uint8Array(12)), /y: .* leaves a gap/],
    "one name twice": [
      handmade(`{"x":${JSON.stringify(f32(0, 4))},"x":${JSON.stringify(f32(4, 8))}}`, new Uint8Array(8)),
      /x: .* gap/,
    ],
    "fewer bytes than promised": [
      handmade({ x: f32(0, 4) }, new Uint8Array(3)),
      /is cut short: it has \d+ bytes, its header promises \d+/,
    ],
    "more bytes than promised": [handmade({ x: f32(0, 4) }, new Uint8Array(5)), /goes on after its last tensor/],
    "metadata that is no text": [handmade('{"__metadata__":{"a":1}}'), /__metadata__: a/],
  };
  test.each(Object.entries(lies))("%s", async (_, [bytes, message]) => {
    await writeFile(path, bytes);
    const error = await openSafetensors(path).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
  });

  test("any damaged byte of the header gives an InputError or a file that can be read", async () => {
    const good = Buffer.from(encodeSafetensors(new Map([["x", tensor("f32", [2], Float32Array.of(1, 2))]])));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: good.length - 9 }), fc.nat({ max: 255 }), async (at, byte) => {
        await writeFile(path, Buffer.from(good).fill(byte, at, at + 1));
        const error = await readSafetensors(path).catch((e) => e);
        if (error instanceof Error) expect(error).toBeInstanceOf(InputError);
      }),
      { numRuns: 300 },
    );
  });
});

test("a missing file and a folder are named", async () => {
  await expect(openSafetensors(path)).rejects.toThrow(`${path}: cannot be opened`);
  await expect(openSafetensors(home)).rejects.toThrow(`${home}: is not a file`);
});

test("a file that shrinks after it was opened does not give zeros", async () => {
  await writeFile(path, encodeSafetensors(new Map([["x", tensor("f32", [4], new Float32Array(4))]])));
  const file = await openSafetensors(path);
  await truncate(path, 90);
  await expect(file.readTensor(file.entries.get("x")!, "f32")).rejects.toThrow("ends before the bytes");
  await file.close();
});
