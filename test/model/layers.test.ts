import { describe, expect, test } from "vitest";
import { referenceEngine } from "../../src/engine/reference/reference.ts";
import { gradients } from "../../src/graph/autodiff.ts";
import { makeGraph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/node.ts";
import { concat, dropout, input, mul, slice, sum } from "../../src/graph/ops/index.ts";
import { type Linear, linear, linearOfParts, linearToParts } from "../../src/model/layers.ts";
import { random } from "../../src/util/random.ts";
import { type Shape, sizeOf, type Tensor, tensor } from "../../src/util/tensor.ts";
import { relativeDistance } from "../support/errors.ts";

const generator = random(0, "layers");
const [B, T, D, F, R] = [2, 3, 4, 7, 2];
const SHAPES = {
  x: [B, T, D],
  h: [B, T, F],
  up: [F, D],
  down: [D, F],
  aUp: [R, D],
  bUp: [F, R],
  aDown: [R, F],
  bDown: [D, R],
};
const values: Record<string, Tensor> = {
  ...Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, drawn(shape)])),
  noise: tensor(
    "u8",
    [B, T, F],
    Uint8Array.from({ length: B * T * F }, () => Math.floor(256 * generator.uniform())),
  ),
};

function drawn(shape: Shape): Tensor<"f32"> {
  return tensor(
    "f32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => generator.uniform() - 0.5),
  );
}

const inputs = Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, input(name, "f32", shape)]));
const node = (name: keyof typeof SHAPES) => inputs[name]!;
const noise = input("noise", "u8", [B, T, F]);
/** 3, 3 and 1 of the hidden units. */
const inParts = (w: Node, axis: 0 | 1) =>
  concat(
    [0, 3, 6].map((from) => slice(w, axis, from, Math.min(from + 3, F))),
    axis,
  );

async function valuesOf(outputs: Readonly<Record<string, Node>>): Promise<Record<string, Tensor>> {
  const graph = makeGraph(outputs);
  const program = await referenceEngine.compile(graph, {});
  return program.run(Object.fromEntries([...graph.inputs.keys()].map((name) => [name, values[name]!])));
}

/** Values and the gradients of Σ y² are the same of both. */
async function expectSame(whole: Node, parts: Node, names: readonly (keyof typeof SHAPES)[]) {
  const all = (y: Node) => {
    const loss = sum(mul(y, y), [0, 1, 2]);
    const toNames = gradients(loss, names.map(node));
    return valuesOf({ y, ...Object.fromEntries(names.map((name, i) => [`to ${name}`, toNames[i]!])) });
  };
  const [wanted, found] = [await all(whole), await all(parts)];
  for (const name of Object.keys(wanted))
    expect(relativeDistance(found[name]!.data as Float32Array, wanted[name]!.data as Float32Array), name).toBeLessThan(
      1e-6,
    );
}

describe.each([
  ["without LoRA", false],
  ["with LoRA", true],
])("a linear layer %s whose weight is in parts", (_, adapted) => {
  const up: Linear<Node> = {
    ...{ path: "up_proj", w: node("up") },
    ...(adapted && { lora: { a: node("aUp"), b: node("bUp"), scale: 2 } }),
  };
  const down: Linear<Node> = {
    ...{ path: "down_proj", w: node("down") },
    ...(adapted && {
      lora: {
        ...{ a: node("aDown"), b: node("bDown"), scale: 2 },
        dropout: (x: Node, from = 0) => dropout(x, slice(noise, -1, from, from + x.type.shape.at(-1)!), 0.3),
      },
    }),
  };

  test("gives the parts of what it gives of the whole, and the same gradients", async () => {
    const parts = linearToParts(node("x"), { ...up, w: inParts(up.w, 0) });
    expect(parts.map(({ type }) => type.shape)).toEqual([3, 3, 1].map((units) => [B, T, units]));
    await expectSame(linear(node("x"), up), concat(parts, -1), [
      "x",
      "up",
      ...(adapted ? (["aUp", "bUp"] as const) : []),
    ]);
  });

  test("reads the parts of what it reads of the whole, and the same numbers are dropped", async () => {
    const parts = [0, 3, 6].map((from) => slice(node("h"), -1, from, Math.min(from + 3, F)));
    const found = linearOfParts(parts, { ...down, w: inParts(down.w, 1) });
    await expectSame(linear(node("h"), down), found, ["h", "down", ...(adapted ? (["aDown", "bDown"] as const) : [])]);
  });

  test("is one product where it is in none", () => {
    expect(makeGraph({ y: linearToParts(node("x"), up)[0]! })).toEqual(makeGraph({ y: linear(node("x"), up) }));
    expect(makeGraph({ y: linearOfParts([node("h")], down) })).toEqual(makeGraph({ y: linear(node("h"), down) }));
  });
});
