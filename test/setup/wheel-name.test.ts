import { expect, test } from "vitest";
import { neededGlibc, parseWheelName } from "../../src/setup/wheel-name.ts";

test.each([
  ["tensorflow_cpu-2.21.0-cp310-cp310-manylinux_2_27_x86_64.whl", "2.27", undefined],
  ["tensorflow-2.16.2-cp39-cp39-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", undefined, "2.17"],
  ["nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", "2.12", undefined],
  ["ziglang-0.15.2-1-py3-none-manylinux1_x86_64.musllinux_1_1_x86_64.whl", "2.5", undefined],
  ["tensorflow-2.21.0-cp310-cp310-win_amd64.whl", undefined, undefined],
  ["tensorflow-2.21.0-cp310-cp310-macosx_12_0_arm64.whl", undefined, undefined],
])("the glibc that %s wants: on x86_64 %s, on aarch64 %s", (file, x86, arm) => {
  const name = parseWheelName(file)!;
  expect([neededGlibc(name, "x86_64"), neededGlibc(name, "aarch64")]).toEqual([x86, arm]);
});

test("a project's name is spelt as indexes do", () => {
  expect(parseWheelName("Nvidia_cuDNN_cu12-9.3.0.75-py3-none-manylinux2014_x86_64.whl")).toMatchObject({
    project: "nvidia-cudnn-cu12",
    version: "9.3.0.75",
  });
});

test.each(["tensorflow-2.21.0.tar.gz", "../../tensorflow-2.21.0-cp310-cp310-manylinux1_x86_64.whl", "a-b.whl"])(
  "%s is no wheel",
  (file) => {
    expect(parseWheelName(file)).toBeUndefined();
  },
);
