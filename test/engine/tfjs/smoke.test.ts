import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SmokeFault, testBinding } from "../../../src/engine/tfjs/smoke.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
let count = 0;

/** A module that stands for a binding. @returns its path */
function binding(program: string): string {
  const path = join(folder, `binding-${++count}.cjs`);
  writeFileSync(path, program);
  return path;
}

/** What is used of tfjs-node's binding, over matrices of numbers. */
const WORKING = `
const half = (bits) => ({ 0xc000: -2, 0xbc00: -1, 0: 0, 0x3c00: 1, 0x4000: 2 })[bits];
const tensors = [];
const keep = (tensor) => tensors.push(tensor) - 1;
const ops = {
  Bitcast: ({ shape: [m, n], data }) => ({ shape: [m, n], data: Array.from(new Uint16Array(data.buffer), half) }),
  MatMul: (a, b) => {
    const [[m, k], n] = [a.shape, b.shape[1]];
    const at = (i) => Array.from({ length: k }, (_, j) => a.data[Math.floor(i / n) * k + j] * b.data[j * n + (i % n)]);
    return { shape: [m, n], data: Array.from({ length: m * n }, (_, i) => at(i).reduce((x, y) => x + y)) };
  },
  Cast: (a) => a,
};
module.exports = {
  TF_Version: "2.21.0",
  isUsingGpuDevice: () => true,
  createTensor: (shape, _, data) => keep({ shape, data }),
  executeOp: (name, attributes, ids) => {
    for (const { type, value } of attributes) if (type !== (value === false ? 3 : 4)) throw new Error("attribute");
    return [{ id: keep(ops[name](...ids.map((id) => tensors[id]))) }];
  },
  tensorDataSync: (id) => Float32Array.from(tensors[id].data),
};
`;

const DEVICE =
  "Created device /job:localhost/replica:0/task:0/device:GPU:0 with 77000 MB memory:  -> device: 0, name: NVIDIA H100, pci bus id: 1";

test("a binding that multiplies rightly says its version and what it computes on", async () => {
  const path = binding(`console.error(${JSON.stringify(DEVICE)});${WORKING}`);
  expect(await testBinding(path)).toEqual({ version: "2.21.0", usesGpu: true, gpus: ["NVIDIA H100"] });
});

test("what a binding prints itself is passed over", async () => {
  const path = binding(`console.log("[info] {fast}");process.on("exit", () => console.log("bye"));${WORKING}`);
  expect((await testBinding(path)).version).toBe("2.21.0");
});

test.each([
  ["multiplies wrongly", `${WORKING.replace("x + y", "x - y")}`, "multiplied wrongly"],
  [
    "cannot be loaded",
    `throw new Error("libtensorflow_cc.so.2: cannot open shared object file")`,
    "cannot open shared",
  ],
  ["lacks instructions", `process.kill(process.pid, "SIGILL"); setTimeout(() => {}, 5000);`, "AVX"],
  ["leaves early", "process.exit(0)", "without a result"],
  ["leaves with other words", `console.log("{}"); process.exit(0)`, "without a result"],
  ["crashes", `console.error("F0000 oh dear"); process.abort();`, "SIGABRT"],
])("a binding that %s is a fault in words", async (_, program, words) => {
  const error = await testBinding(binding(program)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(SmokeFault);
  expect((error as Error).message).toContain(words);
});

test("a binding that hangs is given up when the user says so", async () => {
  const controller = new AbortController();
  const tested = testBinding(binding("setTimeout(() => {}, 60_000)"), controller.signal);
  controller.abort(new Error("stopped"));
  await expect(tested).rejects.toThrow("stopped");
});
