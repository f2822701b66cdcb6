import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { RANKS } from "./support/ranks.ts";

const rankOf = new Map(RANKS.flatMap((folders, rank) => folders.map((folder) => [folder, rank] as const)));
const SRC = join(import.meta.dirname, "..", "src");

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f));
const arrows = files.flatMap((file) =>
  [...readFileSync(join(SRC, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((m) => ({
    file,
    target: normalize(join(dirname(file), m[1]!)),
  })),
);

test("every folder of src has a rank", () => {
  const folders = new Set(files.filter((f) => f.includes("/")).map((f) => f.split("/")[0]!));
  expect([...folders].filter((f) => !rankOf.has(f))).toEqual([]);
});

test("imports point to lower ranks only", () => {
  expect(arrows.length).toBeGreaterThan(50);
  const wrong = arrows.flatMap(({ file, target }) => {
    const [from, to] = [file.split("/")[0]!, target.split("/")[0]!];
    if (from === to || !file.includes("/")) return [];
    return rankOf.get(to)! < rankOf.get(from)! ? [] : [`${file} imports ${target}: ${from} must not know ${to}`];
  });
  expect(wrong).toEqual([]);
});

test("no file cycles", () => {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") return void cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    state.set(file, "open");
    for (const arrow of arrows) if (arrow.file === file) visit(arrow.target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test("native packages stay inside their engine's folder and the pixel reader, the network's inside what fetches", () => {
  const owners: Record<string, string | string[]> = {
    "onnxruntime-node": "engine/ort/",
    "@tensorflow/tfjs-core": "engine/tfjs/",
    "@tensorflow/tfjs-backend-cpu": "engine/tfjs/",
    "@tensorflow/tfjs-backend-wasm": "engine/tfjs/",
    sharp: "data/",
    undici: ["http/", "data/download/"],
    "ipaddr.js": "data/",
    tar: "setup/",
    yauzl: "setup/",
  };
  const isIn = (text: string, name: string) => text.includes(`"${name}"`) || text.includes(`"${name}/`);
  const isOwn = (file: string, owner: string | string[]) => [owner].flat().some((folder) => file.startsWith(folder));
  const leaks = files.flatMap((file) =>
    Object.entries(owners)
      .filter(([name, owner]) => !isOwn(file, owner) && isIn(readFileSync(join(SRC, file), "utf8"), name))
      .map(([name]) => `${file} imports ${name}`),
  );
  expect(leaks).toEqual([]);
});
