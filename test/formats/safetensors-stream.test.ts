import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { writeMixedSafetensors, writeSafetensors } from "../../src/formats/safetensors-stream.ts";
import { encodeSafetensors } from "../../src/formats/safetensors-write.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const FLOATS = { dtype: "F32", width: 4 } as const;
const tensors: ReadonlyMap<string, Tensor> = new Map(
  [["b.weight", [2, 3]] as const, ["a.bias", [1]] as const, ["a.weight", [3, 0]] as const].map(([name, shape], t) => {
    const size = shape.reduce((n: number, d) => n * d, 1);
    return [
      name,
      tensor(
        "f32",
        shape,
        Float32Array.from({ length: size }, (_, i) => t + i / 7),
      ),
    ] as const;
  }),
);
const planned = [...tensors].map(([name, { shape }]) => ({ name, shape }));
const bytesOf = async ({ name }: { name: string }) => new Uint8Array(tensors.get(name)!.data.buffer);

test("gives the bytes of a file that was made in memory, and asks for one tensor after another", async () => {
  const asked: string[] = [];
  const path = join(folder, "streamed.safetensors");
  await writeSafetensors(path, planned, FLOATS, (plan) => {
    asked.push(plan.name);
    return bytesOf(plan);
  });
  expect(readFileSync(path).equals(encodeSafetensors(tensors))).toBe(true);
  expect(asked).toEqual(["a.bias", "a.weight", "b.weight"]);
});

test("tensors of several types stand in the order that they are given in", async () => {
  const mixed = new Map<string, Tensor>([
    ["w.packed", tensor("u8", [2, 2], Uint8Array.of(1, 2, 3, 255))],
    ["w.scales", tensor("f32", [2], Float32Array.of(0.5, -2))],
    ["bias", tensor("f16", [1], Uint16Array.of(0x3c00))],
  ]);
  const formats = { u8: { dtype: "U8", width: 1 }, f32: FLOATS, f16: { dtype: "F16", width: 2 } } as const;
  const path = join(folder, "mixed.safetensors");
  const asked: string[] = [];
  await writeMixedSafetensors(
    path,
    [...mixed].map(([name, { shape }]) => ({ name, shape })),
    ({ name }) => formats[mixed.get(name)!.dtype as keyof typeof formats],
    async ({ name }) => {
      asked.push(name);
      return new Uint8Array(mixed.get(name)!.data.buffer);
    },
  );
  expect(asked).toEqual([...mixed.keys()]);
  expect(await readSafetensors(path)).toEqual(mixed);
});

test.each([
  ["cannot be had", () => Promise.reject(new Error("lost")), /lost/],
  ["has too few numbers", async () => new Uint8Array(2), /a\.bias: 2 bytes, wanted 4/],
])("leaves nothing behind when a tensor %s", async (_, bytes, message) => {
  const before = readdirSync(folder);
  await expect(writeSafetensors(join(folder, "none.safetensors"), planned, FLOATS, bytes)).rejects.toThrow(message);
  expect(readdirSync(folder)).toEqual(before);
});
