import { existsSync, lstatSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type * as Promises from "node:fs/promises";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InputError } from "../../src/util/errors.ts";
import {
  makeFolder,
  makeOutputFolder,
  openFileAtomic,
  recoverFolder,
  replaceFolderAtomic,
  writeFileAtomic,
} from "../../src/util/files.ts";

/** `disk.next()` runs before every call that changes the disk, and may throw in its place. */
const disk = vi.hoisted(() => ({ next: () => {} }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof Promises>();
  const guarded =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      disk.next();
      return call(...args);
    };
  const open = async (...args: Parameters<typeof real.open>) => {
    disk.next();
    const file = await real.open(...args);
    file.writeFile = guarded(file.writeFile.bind(file)) as typeof file.writeFile;
    file.sync = guarded(file.sync.bind(file));
    return file;
  };
  return { ...real, open, mkdir: guarded(real.mkdir), rename: guarded(real.rename), rm: guarded(real.rm) };
});

const fullDisk = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

/** The disk fills up at call `n` (from 0); with `forever`, everything after it fails too, as after kill -9. */
function failAt(n: number, forever = false): void {
  let calls = 0;
  disk.next = () => {
    const call = calls++;
    if (call === n || (forever && call > n)) throw fullDisk();
  };
}

const mend = () => {
  disk.next = () => {};
};

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "amlc-files-"));
});
afterEach(async () => {
  mend();
  await rm(home, { recursive: true });
});

const contents = async (folder: string) =>
  Object.fromEntries(
    await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );

const earlier = { "a.txt": "one", "b.txt": "two" };
const later = { "a.txt": "three", "c.txt": "four" };

test("a file is replaced whole and leaves nothing beside it", async () => {
  const path = join(home, "history.json");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, new Uint8Array([0x74, 0x77, 0x6f]));
  expect(await contents(home)).toEqual({ "history.json": "two" });
});

test.each([0, 1, 2, 3])("a disk that fills up at call %i leaves the earlier file and no other", async (n) => {
  const path = join(home, "history.json");
  await writeFileAtomic(path, "one");
  failAt(n);
  const error = await writeFileAtomic(path, "x".repeat(3 << 20)).catch((e) => e);
  mend();
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toContain(`${path}: could not be written (3.0 MiB): ENOSPC`);
  expect(error.hint).toMatch(/3\.0 MiB are needed on that disk, .* MiB are free/);
  expect(await contents(home)).toEqual({ "history.json": "one" });
});

test("of a file that is written bit by bit nobody knows how large it would be: more than is written", async () => {
  const file = await openFileAtomic(join(home, "rows.csv"));
  await file.write("x".repeat(1 << 20));
  failAt(0);
  const error = await file.write("x".repeat(1 << 20)).catch((e) => e);
  mend();
  expect(error.message).toContain("could not be written (more than 2.0 MiB): ENOSPC");
  expect(error.hint).toMatch(/^make room: more than 2\.0 MiB are needed on that disk/);
});

test("a file below a missing folder names the path and what to do", async () => {
  const path = join(home, "nowhere", "history.json");
  await expect(writeFileAtomic(path, "one")).rejects.toMatchObject({
    message: expect.stringContaining(path),
    hint: "create the folder first",
  });
});

describe("a folder", () => {
  const path = () => join(home, "checkpoints", "last");

  test("is replaced whole: files that the new one lacks are gone, and nothing stays beside it", async () => {
    await replaceFolderAtomic(path(), earlier);
    await replaceFolderAtomic(path(), later);
    expect(await contents(path())).toEqual(later);
    expect(await readdir(join(home, "checkpoints"))).toEqual(["last"]);
  });

  test("survives a disk that fills up at any call", async () => {
    for (let n = 0, failed = true; failed; n++) {
      mend();
      await replaceFolderAtomic(path(), earlier);
      failAt(n);
      const error = await replaceFolderAtomic(path(), later).then(
        () => undefined,
        (e) => e,
      );
      mend();
      const found = await contents(path());
      failed = error !== undefined;
      if (failed) expect(error, `call ${n}`).toBeInstanceOf(InputError);
      expect([earlier, later], `call ${n}`).toContainEqual(found);
      if (!failed) expect(found).toEqual(later);
      if (!failed) expect(n).toBeGreaterThan(10);
      if (n > 100) throw new Error("never succeeded");
    }
  });

  test("survives a process killed at any call, once recovered", async () => {
    for (let n = 0, killed = true; killed; n++) {
      await replaceFolderAtomic(path(), earlier);
      failAt(n, true);
      killed = await replaceFolderAtomic(path(), later).then(
        () => false,
        () => true,
      );
      mend();
      await recoverFolder(path());
      expect([earlier, later], `call ${n}`).toContainEqual(await contents(path()));
      expect(await readdir(join(home, "checkpoints")), `call ${n}`).toEqual(["last"]);
    }
  });

  test("that was never written before leaves nothing when the disk fills up", async () => {
    failAt(4);
    await expect(replaceFolderAtomic(path(), earlier)).rejects.toThrow(InputError);
    mend();
    expect(await readdir(join(home, "checkpoints"))).toEqual([]);
  });

  test("does not take the place of a file", async () => {
    await mkdir(join(home, "checkpoints"));
    await writeFile(path(), "precious");
    await expect(replaceFolderAtomic(path(), later)).rejects.toThrow(`${path()}: is a file`);
    expect(await readFile(path(), "utf8")).toBe("precious");
  });

  test("interrupted between its two renames comes back as it was", async () => {
    await replaceFolderAtomic(path(), earlier);
    await rename(path(), `${path()}.old`);
    await mkdir(`${path()}.new`);
    await recoverFolder(path());
    expect(await contents(path())).toEqual(earlier);
    expect(await readdir(join(home, "checkpoints"))).toEqual(["last"]);
  });

  test("that does not exist needs no recovery", async () => {
    await recoverFolder(path());
    expect(await readdir(home)).toEqual([]);
  });
});

describe("where a file is to be written", () => {
  const home = mkdtempSync(join(tmpdir(), "amlc-targets-"));

  test("a link is followed, and the mode of what stood there is kept", async () => {
    const [file, link] = [join(home, "file"), join(home, "link")];
    writeFileSync(file, "one", { mode: 0o600 });
    symlinkSync(file, link);
    await writeFileAtomic(link, "two");
    expect(readFileSync(file, "utf8")).toBe("two");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.runIf(existsSync("/dev/null"))("a device or a folder is refused, and stays what it is", async () => {
    await expect(writeFileAtomic("/dev/null", "x")).rejects.toThrow(/no ordinary file/);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    await expect(writeFileAtomic(home, "x")).rejects.toThrow(/it is a folder/);
  });

  test("two writers of one file in one process do not mix", async () => {
    const path = join(home, "raced");
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(200_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(readFileSync(path, "utf8"));
  });
});

describe("making a folder", () => {
  const home = mkdtempSync(join(tmpdir(), "amlc-folders-"));

  test("makes what is missing above it, and finds nothing wrong with one that is there", async () => {
    const deep = join(home, "a", "b", "c");
    for (let time = 0; time < 2; time++) await makeFolder(deep);
    expect(statSync(deep).isDirectory()).toBe(true);
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(home, "x", "y", "z"))));
  });

  test("that cannot be is refused, and not tried for ever", async () => {
    writeFileSync(join(home, "file"), "");
    await expect(makeOutputFolder(join(home, "file"))).rejects.toThrow(InputError);
    await expect(makeOutputFolder(join(home, "file", "inside"))).rejects.toThrow(/no such folder can be made/);
  });

  test.runIf(existsSync("/proc/self"))("under /proc is refused", async () => {
    await expect(makeOutputFolder("/proc/amlc/inside")).rejects.toThrow(InputError);
  });
});
