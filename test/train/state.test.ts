import { describe, expect, test } from "vitest";
import { startAdamW, stepAdamW } from "../../src/train/adamw.ts";
import { encodeState, NOT_STARTED, readStep, restoreState, type TrainingProgress } from "../../src/train/state.ts";
import type { Trainer } from "../../src/train/trainer.ts";

const trainerOf = (size: number) => ({ optimizer: startAdamW(size) }) as Trainer;
const ADAMW = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as const;

/** Files of a checkpoint after two steps of a trainer of three numbers. */
function saved(progress: TrainingProgress = { ...NOT_STARTED, step: 2 }) {
  const trainer = trainerOf(3);
  for (const g of [0.1, Math.PI])
    stepAdamW(new Float32Array(3), Float32Array.of(g, -g, 1e-30), trainer.optimizer, 0.01, ADAMW);
  const files = Object.entries(encodeState(trainer, progress)).map(
    ([name, data]) => [name, Buffer.from(data)] as const,
  );
  return { trainer, files: Object.fromEntries(files) as Record<string, Buffer> };
}

test("what is saved comes back to the bit", async () => {
  const progress = { step: 7, best: { step: 4, value: 0.1 + 0.2 }, evaluations_without_better: 1 };
  const { trainer, files } = saved(progress);
  const other = trainerOf(3);
  expect(await restoreState("last", files, other)).toEqual(progress);
  expect(other.optimizer).toEqual(trainer.optimizer);
});

test("the step is read of a checkpoint that knows more or less than this version", () => {
  expect(readStep("last", saved().files)).toBe(2);
  expect(readStep("last", { "trainer.json": Buffer.from('{"step":5,"new":1}') })).toBe(5);
  expect(() => readStep("last", {})).toThrow("last/trainer.json: ");
  expect(() => readStep("last", { "trainer.json": Buffer.from("{") })).toThrow("last/trainer.json: is not JSON");
});

test("a loss's scale is kept where there is one, and starts afresh from an older checkpoint", async () => {
  const scaled = (scale: number) => ({ ...trainerOf(3), lossScale: { scale, good_steps: 5, skipped_steps: 2 } });
  const { files } = saved();
  const withScale = { ...files, "trainer.json": Buffer.from(encodeState(scaled(512), NOT_STARTED)["trainer.json"]!) };
  const [resumed, older, without] = [scaled(65_536), scaled(65_536), trainerOf(3)];
  await restoreState("last", withScale, resumed);
  await restoreState("last", files, older);
  expect([resumed.lossScale.scale, older.lossScale.scale]).toEqual([512, 65_536]);
  expect(await restoreState("last", withScale, without)).toEqual(NOT_STARTED);
  expect(without.lossScale).toBeUndefined();
});

describe("a state is refused by name", () => {
  test.each([
    ["of an adapter of another size", (files: Record<string, Buffer>) => files, 4],
    ["without the progress", ({ "trainer.json": _, ...files }: Record<string, Buffer>) => files, 3],
    [
      "whose progress is no JSON",
      (files: Record<string, Buffer>) => ({ ...files, "trainer.json": Buffer.from("{") }),
      3,
    ],
    [
      "whose step is negative",
      (files: Record<string, Buffer>) => ({ ...files, "trainer.json": Buffer.from('{"step":-1}') }),
      3,
    ],
    ["without the moments", ({ "optimizer.safetensors": _, ...files }: Record<string, Buffer>) => files, 3],
  ])("%s", async (_, change, size) => {
    const attempt = restoreState("runs/a/last", change(saved().files), trainerOf(size));
    await expect(attempt).rejects.toMatchObject({
      name: "InputError",
      message: expect.stringContaining("runs/a/last"),
    });
  });
});
