import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { totalBytes } from "../../src/engine/memory-kinds.ts";
import { planRun } from "../../src/recipes/plan.ts";
import { resume, train } from "../../src/recipes/train.ts";
import { runFolder } from "../../src/runs/folder.ts";
import * as memory from "../../src/util/available-memory.ts";
import { InputError } from "../../src/util/errors.ts";
import * as disk from "../../src/util/free-disk.ts";
import { tinyConfig } from "../support/runs.ts";
import { workFolder } from "../support/work-folder.ts";

vi.mock(import("../../src/util/available-memory.ts"), { spy: true });
vi.mock(import("../../src/util/free-disk.ts"), { spy: true });
const folder = workFolder();
const tiny = tinyConfig(folder);

describe("the published preset", () => {
  const config = loadConfig({ config: "lora-r8" });

  test("is planned for a T4 by its name alone, and takes less than 15 GB there", async () => {
    const plan = await planRun(config, { device: "t4" });
    expect(plan.base.config).toMatch(/configs[\\/]models[\\/]paligemma-3b-448[\\/]config\.json$/);
    expect(plan.base.parameters).toBe(2_924_351_216);
    expect(plan.fits).toBe(true);
    expect(plan.peak_bytes).toBeGreaterThan(5.85e9);
    expect(plan.peak_bytes).toBeLessThan(15e9);
    expect(plan.programs).toBe("whole");
    expect(plan.proposals).toEqual([]);
    expect(plan.rate).toMatchObject({ source: "published", flops_a_second: 65e12 });
    const all = plan.flops.forward + plan.flops.backward + plan.flops.recomputation;
    expect(plan.seconds_a_step).toBeCloseTo((16 * all) / (0.04 * 65e12), 6);
  }, 60_000);
});

test("a configuration for a GPU wants to know which", async () => {
  const config = loadConfig({ config: "lora-r8.yaml", sets: [] });
  await expect(planRun(config)).rejects.toThrow(/computes on a GPU, and which is not said/);
});

describe("a step that does not fit", () => {
  const config = (...sets: readonly string[]) => tinyConfig(folder, "train.batch=256", "train.accumulate=3", ...sets);
  const on = (memory: number) => ({ device: "t4", memory }) as const;

  test("comes with settings that do, each within the device, the nearest first", async () => {
    const { peak_bytes } = await planRun(config(), on(1e12));
    const { fits, proposals } = await planRun(config(), on(peak_bytes - 1));
    expect(fits).toBe(false);
    expect(proposals.map(({ changes }) => changes)).toEqual([
      ["train.batch=128", "train.accumulate=6"],
      ["train.batch=1", "train.accumulate=768"],
      ["train.residuals=recompute"],
    ]);
    for (const each of proposals) expect(each.peak_bytes).toBeLessThan(peak_bytes);
  });

  test("is told to compute again where no smaller batch will do", async () => {
    const single = ["train.batch=1", "engine.weights=fp16"];
    const { peak_bytes } = await planRun(config(...single), on(1e12));
    const { proposals } = await planRun(config(...single), on(peak_bytes - 1));
    expect(proposals[0]!.changes).toEqual(["train.residuals=recompute"]);
  });

  test("is told of int8 weights, and of a base in few bits beside its own folder, however that was written", async () => {
    const config = loadConfig({ config: "lora-r8", sets: ["engine.name=tfjs"] }); // onnxruntime widens all of it at once
    const slashed = (memory: number) =>
      planRun({ ...config, base: "checkpoints/paligemma-3b-ft-docvqa-448/" }, on(memory));
    expect((await slashed(1e12)).base.config).toMatch(/paligemma-3b-448[\\/]config\.json$/);
    const { proposals } = await slashed(7.4e9);
    expect(proposals.map(({ changes }) => changes)).toEqual([
      ["engine.weights=int8"],
      ["base=checkpoints/paligemma-3b-ft-docvqa-448-int8"],
      ["base=checkpoints/paligemma-3b-ft-docvqa-448-int4"],
    ]);
  });

  test("for which there is no way says so", async () => {
    expect((await planRun(config(), on(1))).proposals).toEqual([]);
  });
});

test("hours follow from the rows of the table, and a given rate", async () => {
  const plan = await planRun(tiny, { rate: 1e9 });
  expect(plan.rate).toMatchObject({ source: "given", efficiency: 0.8 });
  expect(plan.steps).toBeGreaterThan(0);
  expect(plan.hours! * 3600).toBeCloseTo(plan.steps! * plan.seconds_a_step, 9);
  expect(totalBytes(plan.by_kind)).toBeCloseTo(plan.peak_bytes, 0);
});

test.each(["int8", "int8x2"] as const)(
  "a step with %s weights takes the time of its products in whole numbers",
  async (weights) => {
    const { rate, flops, seconds_a_step, accumulate } = await planRun(tinyConfig(folder, `engine.weights=${weights}`));
    expect(Object.keys(rate.whole)).toEqual([weights]);
    expect(flops.whole).toBeGreaterThan(0);
    expect(flops.whole).toBeLessThan(flops.forward + flops.backward);
    const inFloat32 = (flops.forward + flops.backward + flops.recomputation) / (rate.flops_a_second * rate.efficiency);
    const saved = flops.whole / rate.flops_a_second - flops.whole / rate.whole[weights]!;
    expect(seconds_a_step / accumulate).toBeCloseTo(inFloat32 - saved, 12);
  },
);

test("the batches of a step wait for each other: they are there together", async () => {
  const images = async (...sets: string[]) =>
    (await planRun(tinyConfig(folder, ...sets), { rate: 1e9 })).by_kind.images;
  const one = await images("train.accumulate=1");
  const batch = (await images("train.accumulate=2")) - one;
  expect(batch).toBeGreaterThan(2 * 3 * 56 ** 2 * 4); // two photographs in float32
  expect((await images("train.accumulate=9")) - one).toBe(8 * batch);
  expect((await images("train.accumulate=1", "data.prefetch=12")) - one).toBe(8 * batch);
});

test("a base that is nowhere, and no name on the hub, is said to be so", async () => {
  await expect(planRun({ ...tiny, base: "checkpoints/other" })).rejects.toThrow(
    /^checkpoints\/other: there is no config.json, and it is no PaliGemma-3B of the hub by its name$/,
  );
});

describe("training where memory does not suffice", () => {
  const want = { ...tiny, run: { name: "none", dir: join(folder, "runs") } };

  test("is refused with the plan's table, before there is a run", async () => {
    vi.mocked(memory.availableMemory).mockReturnValueOnce(1);
    const config = { ...want, train: { ...want.train, batch: 4096 } };
    const refused = train(config);
    await expect(refused).rejects.toThrow(/^this run would take [\d.]+ GB of memory, and [\d.]+ GB are available:\n/);
    await expect(refused).rejects.toThrow(/^ {2}workspace +[\d.]+ GB +[\d.]+% +█+/m);
    await expect(refused).rejects.toMatchObject({ hint: expect.stringMatching(/--force trains all the same$/) });
    expect(existsSync(want.run.dir) ? readdirSync(want.run.dir) : []).toEqual([]);
  });

  test("is begun all the same where that is wanted", async () => {
    vi.mocked(memory.availableMemory).mockReturnValue(1);
    const config = { ...want, train: { ...want.train, max_steps: 1, warmup_steps: 0 } };
    expect((await train(config, { force: true })).steps).toBe(1);
    vi.mocked(memory.availableMemory).mockReset();
  });
});

describe("before training the disk is asked for room", () => {
  const ONE = ["train.max_steps=1", "train.warmup_steps=0"];
  const asked = () => vi.mocked(disk.requireFreeDisk).mock.lastCall![1];
  /** What a run's checkpoint has on the disk, without the few files that say what it is. */
  const tensorBytes = (checkpoint: string) =>
    readdirSync(checkpoint)
      .filter((name) => name.endsWith(".safetensors"))
      .reduce((sum, name) => sum + statSync(join(checkpoint, name)).size, 0);
  const HEADERS = 100_000;
  const times = (count: number, checkpoint: string) => {
    expect(asked()).toBeGreaterThan(count * (tensorBytes(checkpoint) - HEADERS));
    expect(asked()).toBeLessThanOrEqual(count * tensorBytes(checkpoint));
  };

  test("of the last checkpoint and the best; and for what they lack, once more when the run goes on", async () => {
    const { run } = await train(tinyConfig(folder, ...ONE, "tune=all", "run.name=two"));
    times(2, runFolder(run).last);
    await resume(run);
    times(1, runFolder(run).last);
  });

  test("of one more where the best is another than the last", async () => {
    const evaluating = ["eval.every=1", "eval.max_rows=1", "tune=all", "run.name=three"];
    times(3, runFolder((await train(tinyConfig(folder, ...ONE, ...evaluating))).run).last);
  });

  test("of frozen weights too, where a checkpoint has them", async () => {
    times(2, runFolder((await train(tinyConfig(folder, ...ONE, "tune=vision", "run.name=seeing"))).run).last);
  });

  test("and where it has none, neither a run is begun nor gone on with", async () => {
    vi.mocked(disk.requireFreeDisk).mockRejectedValue(new InputError("none is free"));
    await expect(train(tinyConfig(folder, ...ONE, "run.name=full"))).rejects.toThrow("none is free");
    await expect(resume(join(folder, "two"))).rejects.toThrow("none is free");
    vi.mocked(disk.requireFreeDisk).mockReset();
  });
});
