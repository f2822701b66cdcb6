import { describe, expect, test } from "vitest";
import { configOf } from "../../bench/random-model.ts";
import { loraModules } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { type Course, forwardCourse, type Slot, slotBytes, trainingCourse } from "../../src/train/chain-course.ts";
import { lossChain } from "../../src/train/loss-graph.ts";
import { bufferPool } from "../../src/util/buffer-pool.ts";
import type { Tensor } from "../../src/util/tensor.ts";

const model = configOf("nano");
const shape = { rows: 2, text: 24, answer: 4, image: "pixels" } as const;
const modules = loraModules(paligemmaParameters(model), { targets: ".*language_model.*_proj", exclude: null });
const lora = { modules, rank: 4, scale: 2, dropout: 0 };
const chain = lossChain(model, shape, "f32", lora);
const frozen = chain.filter(({ backward }) => backward === null).length;
const keeping = (count: number) => trainingCourse(chain, new Set(count === 0 ? [] : chain.slice(-count)));

/** Takes and gives as a course says. */
function goThrough({ legs }: Course) {
  const pool = bufferPool();
  const held = new Map<Slot, Tensor>();
  const taken = legs.map(({ reads, writes, frees }) => {
    for (const slot of Object.values(writes)) {
      expect(held.has(slot), "a slot is written once").toBe(false);
      held.set(slot, pool.take(slot.type));
    }
    for (const slot of Object.values(reads)) expect(held.has(slot), "what is read is there").toBe(true);
    const bytes = [...held.values()].reduce((sum, { data }) => sum + data.buffer.byteLength, 0);
    for (const slot of frees) {
      pool.give(held.get(slot)!);
      held.delete(slot);
    }
    return bytes;
  });
  return { taken, pool, left: held.size };
}

describe.each([0, 1, 3, chain.length])("a step that keeps %i of its layers", (count) => {
  const course = keeping(count);

  test("reads what is there, gives all of it back, and takes the bytes that are planned", () => {
    const { taken, pool, left } = goThrough(course);
    expect(left).toBe(0);
    expect(slotBytes(course)).toEqual({ taken, held: pool.bytes });
  });

  test("goes through each layer there, and through those that are trained back again", () => {
    const links = course.legs.reduce((sum, leg) => sum + leg.links, 0);
    expect(links).toBeGreaterThanOrEqual(2 * chain.length - frozen);
    expect(links).toBeLessThanOrEqual(2 * chain.length);
    expect(course.legs.filter(({ pass }) => pass === "both")).toHaveLength(1);
  });
});

test("layers that are kept are one program; each other one is computed again before its way back", () => {
  expect(keeping(chain.length).legs.map(({ pass }) => pass)).toEqual(["both"]);
  const passes = keeping(0).legs.map(({ pass }) => pass);
  const again = chain.length - 1 - frozen;
  expect(passes).toEqual([
    ...Array.from({ length: chain.length - 1 }, () => "forward"),
    "both",
    ...Array.from({ length: again }, () => ["recomputation", "backward"]).flat(),
  ]);
});

test("for the loss alone nothing is kept, and the last value is it", () => {
  const course = forwardCourse(lossChain(model, shape, "f32", lora, { wrt: [] }));
  expect(new Set(course.legs.map(({ pass }) => pass))).toEqual(new Set(["forward"]));
  const { left } = goThrough(course);
  expect(left).toBe(0);
  expect(Object.values(course.legs.at(-1)!.writes)).toEqual([course.loss]);
  expect(course.loss.type.shape).toEqual([]);
});
