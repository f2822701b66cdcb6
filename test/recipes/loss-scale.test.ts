import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { train } from "../../src/recipes/train.ts";
import { adapterBytes, historyOf, tinyConfig, writeQuickRows } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

const device = vi.hoisted(() => ({ overflows: false }));
vi.mock(import("../../src/engine/create.ts"), async (original) => ({
  ...(await original()),
  createEngine: async () => sometimesOverflowing(ortEngine({ threads: 1 })),
}));

/** An engine whose every gradient is infinite while `device.overflows`. */
function sometimesOverflowing(engine: Engine): Engine {
  return {
    ...engine,
    async compile(graph, weights) {
      const program = await engine.compile(graph, weights);
      return {
        ...program,
        async run(feeds, into) {
          const outputs = await program.run(feeds, into);
          const gradient = Object.entries(outputs).find(([name]) => name.startsWith("d "));
          if (device.overflows && gradient) gradient[1].data[0] = Number.POSITIVE_INFINITY;
          return outputs;
        },
      };
    },
  };
}

afterEach(() => {
  device.overflows = false;
});

const folder = workFolder();
const rows = writeQuickRows(join(folder, "quick.csv"));
const trainQuick = (sets: readonly string[], told: string[] = []) =>
  train(tinyConfig(folder, `data.train=${rows}`, "train.warmup_steps=0", ...sets), {
    debugOverflow: true,
    observer: { note: (text) => void told.push(text) },
  });

/** As float32 this is infinity, and a half and a quarter of it are not numbers either. */
const TOO_LARGE = 8e38;

describe("a run with a scaled loss", () => {
  test("halves the scale and skips the step at each overflow, doubles it after a while, and says so", async () => {
    const told: string[] = [];
    const sets = [`train.loss_scale=${TOO_LARGE}`, "train.loss_scale_growth_interval=2", "train.max_steps=7"];
    const history = historyOf((await trainQuick(sets, told)).run);
    const column = (key: string) => history.map((record) => record[key]);
    expect(column("loss_scale")).toEqual([8e38, 4e38, 2e38, 2e38, 4e38, 2e38, 2e38]);
    expect(column("skipped_steps")).toEqual([1, 2, 2, 2, 3, 3, 3]);
    expect(column("grad_norm").map((norm) => norm === null)).toEqual([true, true, false, false, true, false, false]);
    expect(column("loss")).not.toContain(null);
    expect(told.filter((text) => text.includes("not finite first"))).toEqual([
      expect.stringMatching(/^step 1: .* backward, language_model\.model\.embed_tokens/),
      expect.stringMatching(/^step 2: .* backward, language_model\.model\.embed_tokens/),
      expect.stringMatching(/^step 5: .* backward, language_model\.model\.embed_tokens/),
    ]);
    expect(told.filter((text) => text.includes("is skipped"))).toEqual([
      "step 1 is skipped: its gradient overflows; the loss's scale falls to 4e+38",
      "step 2 is skipped: its gradient overflows; the loss's scale falls to 2e+38",
      "step 5 is skipped: its gradient overflows; the loss's scale falls to 2e+38",
    ]);
    expect(told.at(-1)).toBe("3 of 7 steps were skipped, for their gradients overflowed");
  });

  test("leaves the adapter as it was where every step is skipped", async () => {
    const told: string[] = [];
    const [skipped, still] = [
      await trainQuick([`train.loss_scale=${TOO_LARGE}`, "train.max_steps=2"], told),
      await trainQuick(["train.lr=0", "train.max_steps=1"]),
    ];
    expect(adapterBytes(skipped.run)).toEqual(adapterBytes(still.run));
    expect(told.at(-1)).toMatch(/^2 of 2 steps were skipped, .*: nothing was learnt; lower train\.loss_scale$/);
    const state = JSON.parse(readFileSync(join(skipped.run, "checkpoints", "last", "trainer.json"), "utf8"));
    expect(state).toMatchObject({ step: 2, optimizer_step: 0, loss_scale: { scale: 2e38, skipped_steps: 2 } });
  });

  test("ends when nothing is left of the scale to halve", async () => {
    device.overflows = true;
    const told: string[] = [];
    const attempt = trainQuick(["train.loss_scale=4", "train.save_every=1", "run.name=exhausted"], told);
    await expect(attempt).rejects.toMatchObject({
      message: expect.stringMatching(
        /^step 3: the loss is \d\.\S+ and the gradient's norm Infinity at a loss scale of 1;/,
      ),
      hint: expect.stringMatching(/engine\.products: fp32/),
    });
    expect(historyOf(join(folder, "exhausted"))).toHaveLength(2);
    expect(told.at(-1)).toBe("step 3: all is finite when run again");
  });
});

test("a run without one says nothing of it", async () => {
  const { run } = await trainQuick(["train.max_steps=1"]);
  expect(Object.keys(historyOf(run)[0]!).filter((key) => /scale|skip/.test(key))).toEqual([]);
  expect(readFileSync(join(run, "checkpoints", "last", "trainer.json"), "utf8")).not.toContain("scale");
});
