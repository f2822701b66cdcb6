import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/formats/safetensors-stream.ts";
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

test.each([
  ["cannot be had", () => Promise.reject(new Error("lost")), /lost/],
  ["has too few numbers", async () => new Uint8Array(2), /a\.bias: 2 bytes, wanted 4/],
])("leaves nothing behind when a tensor %s", async (_, bytes, message) => {
  const before = readdirSync(folder);
  await expect(writeSafetensors(join(folder, "none.safetensors"), planned, FLOATS, bytes)).rejects.toThrow(message);
  expect(readdirSync(folder)).toEqual(before);
});
