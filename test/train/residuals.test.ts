import { expect, test } from "vitest";
import { configOf } from "../../bench/random-model.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Link } from "../../src/graph/chain.ts";
import { loraModules } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { lossChain } from "../../src/train/loss-graph.ts";
import { chainBytes } from "../../src/train/memory-plan/layers.ts";
import { chooseKept, plannedEngine } from "../../src/train/residuals.ts";

const model = configOf("nano", { layers: 12 });
const modules = loraModules(paligemmaParameters(model), { targets: ["down_proj", "up_proj"], exclude: null });
const shape = { rows: 16, text: 24, answer: 4, image: "pixels" } as const;
const chain = lossChain(model, shape, "f32", { modules, rank: 4, scale: 2, dropout: 0 });
const HOST: Engine = { name: "ort", readsInPlace: true, compile: () => Promise.reject(new Error("not asked")) };
const ENGINE = plannedEngine(HOST);
const FREEING = plannedEngine({ ...HOST, name: "tfjs", readsInPlace: false });

const NONE = new Set<never>();
const needs = (kept: ReadonlySet<Link>) => chainBytes(chain, kept, ENGINE);
/** What must be available so that a plan has `bytes`. */
const withMargin = (bytes: number) => (bytes * 12) / 11;

test("auto keeps all where that fits, and nothing where nothing does", () => {
  const all = needs(new Set(chain));
  expect(chooseKept(chain, "auto", ENGINE, withMargin(all + 1)).size).toBe(chain.length);
  expect(chooseKept(chain, "auto", ENGINE, 0).size).toBe(0);
});

test("auto keeps from the last link down, more where there is more room, and never more than there is room for", () => {
  const [least, most] = [needs(NONE), needs(new Set(chain))];
  const counts = [0.2, 0.4, 0.6, 0.8].map((share) => {
    const room = least + share * (most - least);
    const kept = chooseKept(chain, "auto", ENGINE, withMargin(room));
    expect([...kept].toReversed()).toEqual(chain.slice(chain.length - kept.size));
    expect(needs(kept)).toBeLessThanOrEqual(room);
    return kept.size;
  });
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(new Set(counts).size).toBeGreaterThan(1);
});

test("a number keeps those of so many programs, the last ones, whatever room there is", () => {
  expect([...chooseKept(chain, 2, ENGINE, 0)]).toEqual(chain.slice(-2));
  expect(chooseKept(chain, 0, ENGINE, 1e12).size).toBe(0);
  expect(chooseKept(chain, 1000, ENGINE, 0).size).toBe(chain.length);
});

test("keep and recompute ask for no room", () => {
  expect(chooseKept(chain, "keep", ENGINE, 0).size).toBe(chain.length);
  expect(chooseKept(chain, "recompute", ENGINE, 1e12).size).toBe(0);
});

test("an engine is planned by its name, and by where it computes", () => {
  expect(ENGINE).toEqual({ name: "ort", onHost: true, products: "fp32" });
  expect(FREEING).toEqual({ name: "tfjs", onHost: false, products: "fp32" });
});
