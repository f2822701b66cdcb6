import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { append, bytesIn, rangeBehind } from "../../src/http/partial-file.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

async function* body(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text);
}

test("what comes goes behind what is kept, or in its place", async () => {
  const file = join(folder, "kept");
  const steps: (readonly number[])[] = [];
  const onBytes = (...step: readonly number[]) => void steps.push(step);
  expect([await bytesIn(file), rangeBehind(0)]).toEqual([0, {}]);
  expect(await append(file, body("ab", "c"), { kept: 0, maxBytes: 9, onBytes })).toBe(3);
  expect([await bytesIn(file), rangeBehind(3)]).toEqual([3, { range: "bytes=3-" }]);
  expect(await append(file, body("defg"), { kept: 3, maxBytes: 9, onBytes })).toBe(7);
  expect(readFileSync(file, "utf8")).toBe("abcdefg");
  await append(file, body("xy"), { kept: 0, maxBytes: 9, onBytes });
  expect(readFileSync(file, "utf8")).toBe("xy");
  expect(steps).toEqual([
    [2, 2],
    [3, 1],
    [7, 4],
    [2, 2],
  ]);
});

test("more than a file may have is a fault that lasts, and is not written", async () => {
  const file = join(folder, "large");
  writeFileSync(file, "abc");
  const more = append(file, body("de", "fgh"), { kept: 3, maxBytes: 7, onBytes: () => {} });
  await expect(more).rejects.toMatchObject({ passing: false, message: "the file is larger than 7 bytes" });
  expect(readFileSync(file, "utf8")).toBe("abcde");
});

test("a body that breaks off is the network's fault, a file that cannot be written is not", async () => {
  const broken = async function* () {
    yield Buffer.from("ab");
    throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
  };
  const options = { kept: 0, maxBytes: 9, onBytes: () => {} };
  const fault = { name: "HttpFault", passing: true, message: "the connection was broken off" };
  await expect(append(join(folder, "broken"), broken(), options)).rejects.toMatchObject(fault);
  expect(await bytesIn(join(folder, "broken"))).toBe(2);
  const nowhere = join(folder, "none", "file");
  await expect(append(nowhere, body("ab"), options)).rejects.toMatchObject({ code: "ENOENT" });
  expect(existsSync(nowhere)).toBe(false);
});
