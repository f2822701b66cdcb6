import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { measureHalfPrecision } from "../../../src/engine/ort/half-precision.ts";
import { MAIN } from "../../support/cli.ts";
import { operatorPlacements } from "../../support/placements.ts";
import { trainTiny } from "../../support/runs.ts";
import { workFolder } from "../../support/work-folder.ts";

const work = workFolder();

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "webgpu without a device ends with exit code 2, names what was found, and leaves no run",
  async () => {
    const run = join(work, "run");
    const env = { ...process.env, VK_ICD_FILENAMES: join(work, "no-driver.json") };
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      const args = [MAIN, ...trainTiny(`run.dir=${run}`, "engine.providers=[webgpu]")];
      execFile(process.execPath, args, { env, cwd: work }, (error, _stdout, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    expect(stderr).toMatch(/engine\.providers: \[webgpu\] cannot be used here: onnxruntime found no WebGPU device/);
    expect(stderr).toMatch(/libvulkan\.so\.1 is (there|missing), drivers: none/);
    expect(stderr).toMatch(/VK_ICD_FILENAMES/);
    expect(code).toBe(2);
    expect(existsSync(run)).toBe(false);
  },
);

test("placements are read from onnxruntime's profile", async () => {
  const placements = await operatorPlacements(["cpu"]);
  expect(new Set(placements.map(({ provider }) => provider))).toEqual(new Set(["cpu"]));
  expect(placements).toContainEqual({ operator: "RotaryEmbedding", provider: "cpu", count: 2 });
});

test("onnxruntime's CPU kernels sum products of halves in float32", async () => {
  expect(await measureHalfPrecision(["cpu"])).toBe("f32 sums");
});
