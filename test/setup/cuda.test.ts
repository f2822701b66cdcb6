import { expect, test } from "vitest";
import { cudaRequirements, isCudaFile } from "../../src/setup/cuda.ts";

const METADATA = `Metadata-Version: 2.1
Name: tensorflow
Requires-Dist: numpy>=1.26.0
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12 (==9.3.0.75) ; extra == 'and-cuda'
Requires-Dist: nvidia-nccl-cu12; extra == "and-cuda"
Requires-Dist: nvidia-other-cu12==1.0; extra == "another"

Requires-Dist in the text of the readme says nothing
`;

test("the CUDA libraries that a wheel wants are those of its extra and-cuda", () => {
  expect(cudaRequirements(METADATA)).toEqual([
    { project: "nvidia-cublas-cu12", range: "<13.0,>=12.5.3.2" },
    { project: "nvidia-cudnn-cu12", range: "==9.3.0.75" },
    { project: "nvidia-nccl-cu12", range: "" },
  ]);
});

test("of NVIDIA's wheels what runs is kept, not headers, archives and Python", () => {
  const kept = [
    "nvidia/cublas/lib/libcublas.so.12",
    "nvidia/cuda_nvcc/bin/ptxas",
    "nvidia/cuda_nvcc/nvvm/libdevice/x.bc",
  ];
  const left = [
    "nvidia/cublas/include/cublas.h",
    "nvidia/cudnn/lib/libcudnn.a",
    "nvidia/__init__.py",
    "nvidia/x/lib/__init__.py",
  ];
  expect([...kept, ...left].filter(isCudaFile)).toEqual(kept);
});
