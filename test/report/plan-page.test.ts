import { describe, expect, test } from "vitest";
import { KINDS, type Moment, NO_BYTES } from "../../src/engine/memory-kinds.ts";
import { planPage } from "../../src/report/plan-page.ts";
import type { PlanRecord } from "../../src/report/plan-record.ts";
import {
  flopsASecond,
  gigabytes,
  memoryTable,
  operations,
  quantizeWords,
  rateWords,
  timeWords,
  wayWords,
} from "../../src/report/plan-words.ts";

const moment = (layer: string, pass: Moment["pass"], workspace: number): Moment => ({
  ...{ layer, pass },
  bytes: { ...NO_BYTES, weights: 6e9, residuals: 1e9, workspace },
});

const PLAN: PlanRecord = {
  base: { name: "checkpoints/<b>", config: "config.json", parameters: 2_924_351_216, trainable: 11_298_816 },
  device: { name: "t4", label: "NVIDIA T4", memory_bytes: 16e9, memory_source: "as published, less a twelfth" },
  ...{ programs: "layers", kept: { layers: 3, of: 18 }, residuals: "auto" },
  shape: { rows: 1, image_tokens: 1024, text: 32, answer: 8 },
  peak_bytes: 9e9,
  by_kind: { ...NO_BYTES, weights: 6e9, residuals: 1e9, workspace: 2e9 },
  fits: true,
  flops: { forward: 5.1e12, backward: 5.4e12, recomputation: 0, whole: 0 },
  rate: { flops_a_second: 65e12, source: "published", what: "NVIDIA T4, half precision", efficiency: 0.3, whole: {} },
  ...{ accumulate: 16, seconds_a_step: 11.7, steps: 407, hours: 1.32 },
  moments: [
    moment("language layer 0", "forward", 1e9),
    moment("logits and loss", "forward", 2e9),
    moment("language layer 0", "backward", 1.5e9),
  ],
  proposals: [],
};

describe("the page of a plan", async () => {
  const page = await planPage(PLAN);

  test("needs nothing from elsewhere, runs no program and takes no name for markup", () => {
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(|javascript:/i);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
    expect(page).toContain("checkpoints/&lt;b&gt;");
  });

  test("has memory over the step in the colours of its table, for a wide and a narrow page", () => {
    expect(page.match(/<svg/g)).toHaveLength(2);
    for (const kind of ["weights", "residuals", "workspace"] as const) {
      const colour = new RegExp(`background: (#\\w{6})"></span>${kind}<`).exec(page)![1]!;
      expect(page.match(new RegExp(`fill="${colour}"`, "g"))!.length).toBeGreaterThanOrEqual(2);
    }
    expect(page).toContain(">forward</text>");
    expect(page).toContain(">backward</text>");
    expect(page).toContain('stroke="#d62728"'); // what the device has
  });

  test("says what would fit where the asked settings do not", async () => {
    const proposals = [{ changes: ["train.residuals=recompute"], peak_bytes: 8e9, seconds_a_step: 14 }];
    const refused = await planPage({ ...PLAN, fits: false, peak_bytes: 20e9, proposals });
    expect(refused).toContain(
      "It does not fit: 20.00 GB are needed, NVIDIA T4 has 16.00 GB (as published, less a twelfth).",
    );
    expect(refused).toContain("<code>train.residuals=recompute</code>");
    expect(page).not.toContain("What would fit");
  });
});

test("the table names the kinds that there are, with their shares and the sum", () => {
  const lines = memoryTable(PLAN.by_kind).split("\n");
  expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual(["weights", "residuals", "workspace", "in all"]);
  expect(lines[0]).toMatch(/^ {2}weights {6}6\.00 GB {3}66\.7% {2}█{16} +the base$/);
  expect(lines.at(-1)).toMatch(/9\.00 GB$/);
  expect(KINDS).toContain("waiting");
});

test("figures in words say where they are from and what is assumed", () => {
  expect(gigabytes(7_514_000_000)).toBe("7.51 GB");
  expect([65e12, 4.7e12, 2.2e10].map(flopsASecond)).toEqual(["65 TFLOP/s", "4.7 TFLOP/s", "22.0 GFLOP/s"]);
  expect([5.13e12, 1.14e10, 1.66e7, 0].map(operations)).toEqual(["5.13 TFLOP", "11.4 GFLOP", "16.6 MFLOP", "none"]);
  const proposals = [{ changes: ["train.batch=1", "base=b-int4"], peak_bytes: 1, seconds_a_step: 1 }];
  expect(quantizeWords({ ...PLAN, base: { ...PLAN.base, name: "b" }, proposals })).toBe(
    "base=b-int4 is made by: amlc model quantize b --bits 4 -o b-int4",
  );
  expect(quantizeWords(PLAN)).toBeUndefined();
  expect(rateWords(PLAN)).toMatch(
    /published by its maker\), of which a step is assumed to reach 30\.0%, as onnxruntime did on an H100$/,
  );
  expect(rateWords({ ...PLAN, rate: { ...PLAN.rate, source: "measured" } })).toContain("measured here now");
  expect(timeWords(PLAN)).toBe("a step of 16 micro-batches: 11.7 s; 407 steps: 79 min");
  expect(timeWords({ ...PLAN, steps: null, hours: null })).toMatch(/the training table is not there/);
  expect(wayWords(PLAN)).toBe("a program a layer, residuals of 3 of 18 layers kept");
  expect(wayWords({ ...PLAN, kept: null, residuals: "recompute" })).toBe("one program, residuals computed again");
});
