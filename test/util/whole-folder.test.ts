import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InterruptedError } from "../../src/util/errors.ts";
import { endIfStopped, writeWholeFolder } from "../../src/util/whole-folder.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const at = (name: string) => join(folder, name);
const write = (text: string) => async (fresh: string) => {
  writeFileSync(join(fresh, "mark.json"), text);
  return text;
};

test("a folder appears when all of it is there, with what makes it known", async () => {
  const path = at("new/place/");
  const result = await writeWholeFolder(path, "mark.json", async (fresh) => {
    expect(existsSync(path)).toBe(false);
    return write("first")(fresh);
  });
  expect(result).toBe("first");
  expect(readdirSync(at("new"))).toEqual(["place"]);
  expect(readdirSync(path)).toEqual(["mark.json"]);
});

test("what fails leaves nothing behind, and what stood there as it was", async () => {
  await writeWholeFolder(at("kept"), "mark.json", write("old"));
  const fails = writeWholeFolder(at("kept"), "mark.json", async (fresh) => {
    await write("half")(fresh);
    throw new Error("disk full");
  });
  await expect(fails).rejects.toThrow("disk full");
  expect(readFileSync(join(at("kept"), "mark.json"), "utf8")).toBe("old");
  expect(readdirSync(folder).filter((name) => name.startsWith("kept"))).toEqual(["kept"]);
});

test("an earlier one is replaced, an empty one taken, and a folder of something else or a file refused", async () => {
  await writeWholeFolder(at("again"), "mark.json", write("old"));
  await writeWholeFolder(at("again"), "mark.json", write("new"));
  expect(readFileSync(join(at("again"), "mark.json"), "utf8")).toBe("new");
  mkdirSync(at("empty"));
  await writeWholeFolder(at("empty"), "mark.json", write("x"));
  mkdirSync(at("foreign"));
  writeFileSync(at("foreign/thesis.txt"), "");
  await expect(writeWholeFolder(at("foreign"), "mark.json", write("x"))).rejects.toThrow("holds something else");
  writeFileSync(at("file"), "");
  await expect(writeWholeFolder(at("file"), "mark.json", write("x"))).rejects.toThrow("is no folder");
});

const beside = (name: string) => readdirSync(folder).filter((found) => found.startsWith(name));

test("a writer that is told to stop leaves nothing", async () => {
  const stop = new AbortController();
  const stopped = writeWholeFolder(at("stopped"), "mark.json", async (fresh) => {
    await write("first")(fresh);
    stop.abort();
    endIfStopped(stop.signal);
  });
  await expect(stopped).rejects.toThrow(new InterruptedError(`${at("stopped")}: stopped; nothing is written`));
  expect(beside("stopped")).toEqual([]);
});

test("what a writer throws because it was told to stop is an interruption, and nothing else that it throws then", async () => {
  const write = (thrown: (signal: AbortSignal) => Error) => {
    const stop = new AbortController();
    const work = async () => {
      stop.abort();
      throw thrown(stop.signal);
    };
    return writeWholeFolder(at("told"), "mark.json", work, stop.signal);
  };
  await expect(write(({ reason }) => reason)).rejects.toThrow(InterruptedError);
  await expect(write(() => new Error("disk full"))).rejects.toThrow("disk full");
});

test("what a killed writer has begun goes before the next one begins, and what it had put aside comes back", async () => {
  const leave = () => {
    for (const name of ["killed.amlc-new", "killed.amlc-old"]) {
      mkdirSync(at(name));
      writeFileSync(join(at(name), "mark.json"), "old");
    }
  };
  leave(); // between its two renames
  const fails = writeWholeFolder(at("killed"), "mark.json", async (fresh) => {
    expect(readdirSync(fresh)).toEqual([]);
    throw new Error("disk full");
  });
  await expect(fails).rejects.toThrow("disk full");
  expect(readFileSync(at("killed/mark.json"), "utf8")).toBe("old");
  leave(); // behind them
  await writeWholeFolder(at("killed"), "mark.json", write("new"));
  expect(readFileSync(at("killed/mark.json"), "utf8")).toBe("new");
  expect(beside("killed.")).toEqual([]);
});

test("folders whose names only look as if they belonged to it are nobody's business", async () => {
  for (const name of ["mine.new", "mine.old"]) mkdirSync(at(name));
  await writeWholeFolder(at("mine"), "mark.json", write("x"));
  expect(beside("mine").sort()).toEqual(["mine", "mine.new", "mine.old"]);
});

test("one that another writer is at is refused, and the other one goes on", async () => {
  const name = "Größe, 2";
  const result = await writeWholeFolder(at(name), "mark.json", async (fresh) => {
    const second = writeWholeFolder(at(name), "mark.json", write("second"));
    await expect(second).rejects.toThrow(`${folder}: process ${process.pid} is writing the folder ${name} here`);
    return write("first")(fresh);
  });
  expect(result).toBe("first");
  expect(readdirSync(folder).filter((found) => found.includes("_new-"))).toEqual([]);
});
