import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unpackWheel } from "../../src/setup/wheel.ts";
import { InputError } from "../../src/util/errors.ts";
import { workFolder } from "../support/work-folder.ts";
import { makeZip, type ZipEntry } from "./make-wheel.ts";

const folder = workFolder();
let count = 0;

function place(entries: readonly ZipEntry[] | Buffer): { wheel: string; target: string } {
  const [wheel, target] = [join(folder, `${++count}.whl`), join(folder, `${count}`)];
  writeFileSync(wheel, Buffer.isBuffer(entries) ? entries : makeZip(entries as readonly ZipEntry[]));
  return { wheel, target };
}

const all = () => true;

test("only wanted files are written, and programs can be run", async () => {
  const { wheel, target } = place([
    { path: "a/lib.so", text: "library" },
    { path: "a/tool", text: "tool", mode: 0o755 },
    { path: "a/other.py", text: "python" },
    { path: "a/empty/" },
  ]);
  const written = await unpackWheel(wheel, target, (path) => !path.endsWith(".py"));
  expect(written).toEqual(["a/lib.so", "a/tool"]);
  expect(readFileSync(join(target, "a/lib.so"), "utf8")).toBe("library");
  expect(statSync(join(target, "a/tool")).mode & 0o111).not.toBe(0);
  expect(statSync(join(target, "a/lib.so")).mode & 0o111).toBe(0);
  expect(existsSync(join(target, "a/other.py"))).toBe(false);
});

test.each(["../outside", "/tmp/amlc-outside", "a/../../outside", "a\\..\\outside"])(
  "a wheel with the name %s is refused",
  async (path) => {
    const { wheel, target } = place([{ path, text: "x" }]);
    await expect(unpackWheel(wheel, target, all)).rejects.toThrow(InputError);
    expect(existsSync(join(folder, "outside"))).toBe(false);
  },
);

test("a link that lies where a file goes is replaced, not followed", async () => {
  const { wheel, target } = place([{ path: "lib.so", text: "new" }]);
  const outside = join(folder, "precious");
  writeFileSync(outside, "precious");
  mkdirSync(target);
  symlinkSync(outside, join(target, "lib.so"));
  await unpackWheel(wheel, target, all);
  expect(readFileSync(outside, "utf8")).toBe("precious");
  expect(readFileSync(join(target, "lib.so"), "utf8")).toBe("new");
});

test("a file that is cut short, or is no zip, is named with what to do", async () => {
  const whole = makeZip([{ path: "lib.so", text: "library" }]);
  for (const bytes of [whole.subarray(0, whole.length - 30), Buffer.from("<html>sign in</html>"), Buffer.alloc(0)]) {
    const { wheel, target } = place(bytes);
    const error = await unpackWheel(wheel, target, all).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      name: "InputError",
      message: expect.stringContaining(`${wheel}: cannot be unpacked`),
    });
    expect((error as InputError).hint).toContain("delete the file");
  }
});
