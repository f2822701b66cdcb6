import { join } from "node:path";
import { expect, test } from "vitest";
import { lower } from "../../src/engine/onnx/lower.ts";
import type { OnnxNode } from "../../src/formats/onnx.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Op, Sample } from "../../src/graph/node.ts";
import { allOps } from "../../src/graph/ops/index.ts";
import { applyToInputs, drawInputs } from "../../src/graph/samples.ts";
import { ROOT } from "./documents.ts";

const HEAD = `# Operations

Every record in [src/graph/ops](../src/graph/ops/index.ts). This file is written by a test; to write it anew:
\`npx vitest run test/docs/ops.test.ts -u\`. How to add a record: [add-an-op.md](add-an-op.md).

- **ONNX nodes**: what the samples lower to. \`ms:\` marks the domain \`com.microsoft\`, which onnxruntime alone has;
  \`SimplifiedLayerNormalization\` is onnxruntime's own too, in the default domain.
- **gradient**: the inputs that have one, counted from 0. An index or a mask has none.
- **tolerance**: how far a float32 engine may be from the float64 definition, relative to the largest value.

| op | samples | ONNX nodes | gradient | tolerance | why |
|---|---|---|---|---|---|
`;

/** ONNX nodes of a sample, without one that does nothing but name the output. */
function onnxNodes(op: Op<unknown>, sample: Sample<unknown>): string[] {
  const { y } = applyToInputs(op, sample, drawInputs(sample));
  const { nodes } = lower(makeGraph({ y }), "sample");
  const isName = ({ opType }: OnnxNode, i: number) => i === nodes.length - 1 && opType === "Identity";
  return nodes
    .filter((node, i) => !isName(node, i))
    .map(({ opType, domain }) => (domain === "" ? opType : `ms:${opType}`));
}

function gradientInputs(op: Op<unknown>, sample: Sample<unknown>): number[] {
  const { xs, y } = applyToInputs(op, sample, drawInputs(sample));
  return op.vjp(y, xs, sample.attrs, y).flatMap((thunk, i) => (thunk ? [i] : []));
}

function describeOp(op: Op<unknown>): string {
  const [first] = op.samples;
  const cells = [
    `\`${op.name}\``,
    op.samples.map(({ label }) => label).join("; "),
    [...new Set(op.samples.flatMap((sample) => onnxNodes(op, sample)))].join(", "),
    first ? gradientInputs(op, first).join(", ") : "",
    op.tolerance.relative === 0 ? "equal" : op.tolerance.relative.toExponential(),
    op.tolerance.why,
  ];
  return `| ${cells.map((cell) => cell || "none").join(" | ")} |`;
}

test("docs/ops.md lists every op as its record has it", async () => {
  const table = allOps.map(describeOp).join("\n");
  await expect(`${HEAD}${table}\n`).toMatchFileSnapshot(join(ROOT, "docs", "ops.md"));
});
