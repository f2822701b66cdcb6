import { describe, expect, test } from "vitest";
import type { Recording, RunSpan } from "../../src/engine/profile.ts";
import { formatProfile, summariseProfile } from "../../src/report/profile-table.ts";

const steps = [
  { name: "step 2", start: 10, end: 12 },
  { name: "step 3", start: 12, end: 14 },
];
const product = { name: "MatMul", operator: "MatMul", shapes: "[2,3] [3,4] → [2,4]", flops: 4e9 };
const sum = { name: "Add", operator: "Add", shapes: "[4] [] → [4]", flops: 0 };

function run(start: number, phases: readonly string[]): RunSpan {
  const end = start + 0.5;
  return {
    ...{ name: phases[0] ?? "program", start, end, phases, flops: 5e9, inside: { start: start + 0.1, end } },
    operators: [
      { ...product, start: start + 0.1, end: start + 0.3 },
      { ...sum, start: start + 0.35, end: start + 0.45 },
    ],
  };
}

const recording: Recording = {
  phases: [
    { name: "read batches", start: 10, end: 10.1 },
    { name: "forward, language layer 0", start: 10.2, end: 10.7 },
    { name: "forward, language layer 1", start: 10.8, end: 11.3 },
    { name: "forward again, language layer 0", start: 11.4, end: 11.9 },
    { name: "evaluate", start: 12, end: 13 },
  ],
  compiled: [],
  runs: [
    run(10.2, ["forward, language layer 0"]),
    run(10.8, ["forward, language layer 1"]),
    run(11.4, ["forward again, language layer 0"]),
    run(12.2, ["evaluate"]),
  ],
};
const roof = { flops_per_s: 1e11, product: "[1,2] × [2,3]" };
const summary = summariseProfile("ort", 2, steps, recording, roof);

describe("the summary of a profile", () => {
  test("adds layers up, and everything to the time of the steps", () => {
    expect(summary.phases.map(({ phase, count, seconds }) => [phase, count, Number(seconds.toFixed(3))])).toEqual([
      ["read batches", 1, 0.1],
      ["forward, language layers", 2, 1],
      ["forward again, language layers", 1, 0.5],
      ["evaluate", 1, 1],
      ["other", 0, 1.4],
    ]);
    const shares = summary.phases.reduce((all, { share }) => all + share, 0);
    expect(shares).toBeCloseTo(1, 12);
    const operators = summary.operators!.reduce((all, { seconds }) => all + seconds, 0);
    const { between_operators, around_programs, outside_programs } = summary.outside;
    expect(operators + between_operators! + around_programs! + outside_programs).toBeCloseTo(summary.seconds, 12);
    expect(between_operators).toBeCloseTo(0.4, 12);
    expect(around_programs).toBeCloseTo(0.4, 12);
    expect(outside_programs).toBeCloseTo(2, 12);
  });

  test("counts what the model computes once, in the time that is a step's own", () => {
    expect(summary.step.seconds).toBeCloseTo((4 - 1) / 2, 12);
    expect(summary.step.model_flops).toBe((2 * 5e9) / 2);
    expect(summary.step.gflops_per_s).toBeCloseTo(10 / 3, 12);
    expect(summary.step.roof_share).toBeCloseTo(1 / 30, 12);
  });

  test("tells the longest operators first, and the speed of products", () => {
    expect(summary.operators!.map(({ operator, count }) => [operator, count])).toEqual([
      ["MatMul", 4],
      ["Add", 4],
    ]);
    expect(summary.operators![0]!.gflops_per_s).toBeCloseTo(20, 10);
    expect(summary.operators![0]!.roof_share).toBeCloseTo(0.2, 10);
    expect(summary.operators![1]!).toMatchObject({ gflops_per_s: null, roof_share: null });
  });

  test("says of how many runs nothing is known", () => {
    const [first, ...others] = recording.runs;
    const partly = { ...recording, runs: [{ ...first!, inside: null, operators: [] }, ...others] };
    expect(summariseProfile("ort", 2, steps, partly, roof).untold_runs).toBe(1);
    expect(formatProfile(summariseProfile("ort", 2, steps, partly, roof))).toContain(
      "of 1 runs of programs the operators are not known",
    );
  });
});

describe("the text of a profile", () => {
  test("is tables, with what is no operator's below the operators", () => {
    expect(formatProfile(summary, 1)).toMatchInlineSnapshot(`
      "steps 2 to 3 on ort: 4000.0 ms in all
      a step without compiling, evaluating and saving: 1500.0 ms, 5.00 GFLOP, 3.33 GFLOP/s, 3.3% of the roof
      the roof: 100 GFLOP/s, [1,2] × [2,3] in float32 on this engine

      phase                           count      ms  share  GFLOP/s  of roof
      read batches                        1   100.0   2.5%
      forward, language layers            2  1000.0  25.0%     10.0    10.0%
      forward again, language layers      1   500.0  12.5%     10.0    10.0%
      evaluate                            1  1000.0  25.0%     5.00     5.0%
      other                                  1400.0  35.0%

      operator                      shapes               count      ms  share  GFLOP/s  of roof
      MatMul                        [2,3] [3,4] → [2,4]      4   800.0  20.0%     20.0    20.0%
      1 other                                                    400.0  10.0%
      between operators                                          400.0  10.0%
      around programs: copies                                    400.0  10.0%
      outside programs: JavaScript                              2000.0  50.0%
      "
    `);
  });

  test("has no shares of a roof that was not measured, and no operators where the engine is silent", () => {
    const silent = { ...recording, runs: recording.runs.map((each) => ({ ...each, inside: null, operators: [] })) };
    const text = formatProfile(summariseProfile("reference", 2, steps.slice(0, 1), silent, null));
    expect(text).toMatch(/^step 2 on reference: /);
    expect(text).toContain("the roof was not measured");
    expect(text).toContain("this engine does not tell what its operators take");
    expect(text).not.toContain("% of the roof");
  });
});
