import { describe, expect, test } from "vitest";
import { cutChain, DX, DY, graphKey, type Link, roundTrip, SECOND_READING, X, Y } from "../../src/graph/chain.ts";
import { formatType, type Node, ShapeError } from "../../src/graph/node.ts";
import { add, cast, constant, dropout, gelu, input, matmul, mul, rmsNorm, sum } from "../../src/graph/ops/index.ts";

const [ROWS, WIDTH, HIDDEN] = [4, 640, 2560];

/** A gated MLP with a residual connection. */
function layer(x: Node, i: number): Node {
  const weight = (name: string, shape: readonly number[]) => input(`model.layers.${i}.${name}.weight`, "f32", shape);
  const normed = rmsNorm(x, weight("norm", [WIDTH]), 1e-6);
  const gate = matmul(normed, weight("gate", [HIDDEN, WIDTH]), { transB: true });
  const up = matmul(normed, weight("up", [HIDDEN, WIDTH]), { transB: true });
  return add(x, matmul(mul(gelu(gate), up), weight("down", [WIDTH, HIDDEN]), { transB: true }));
}

function chainOf(layers: number, wrt: readonly string[]): Link[] {
  const values = [mul(input("tokens", "f32", [ROWS, WIDTH]), input("scale", "f32", [1, WIDTH]))];
  for (let i = 0; i < layers; i++) values.push(layer(values.at(-1)!, i));
  return cutChain([...values, sum(values.at(-1)!, [0, 1])], wrt);
}

const up = (i: number) => `model.layers.${i}.up.weight`;

describe("a chain", () => {
  test("has equal graphs for layers that differ in their number, and says what their inputs are really called", () => {
    const [, one, two, three] = chainOf(3, [up(0), up(1), up(2)]) as [Link, Link, Link, Link];
    expect(graphKey(three.forward)).toBe(graphKey(two.forward));
    expect(graphKey(three.backward!)).toBe(graphKey(two.backward!));
    expect(graphKey(one.backward!)).not.toBe(graphKey(two.backward!)); // nothing below it is trained
    expect(three.names.get(up(0))).toBe(up(2));
  });

  test("tells graphs apart whose large constants are not the same", () => {
    const withTable = () =>
      cutChain(
        [add(input("x", "f32", [100]), constant({ dtype: "f32", shape: [100], data: new Float32Array(100) }))],
        [],
      );
    expect(graphKey(withTable()[0]!.forward)).not.toBe(graphKey(withTable()[0]!.forward));
  });

  test("goes no further back than to the first trained layer, and gives no gradient to its input", () => {
    const chain = chainOf(3, [up(1), up(2)]);
    expect(chain.map(({ backward }) => backward !== null)).toEqual([false, false, true, true, true]);
    expect(chain.map(({ backward }) => backward?.outputs.has(DX) ?? false)).toEqual([false, false, false, true, true]);
    expect([...chain[3]!.backward!.outputs.keys()]).toEqual([`d ${up(0)}`, DX]);
  });

  test("keeps what goes into an activation and not what comes out, and nothing that is cheap", () => {
    const [, , link] = chainOf(2, [up(0), up(1)]) as [Link, Link, Link];
    expect([...link.kept.values()].map(formatType)).toEqual([`f32[${ROWS},${HIDDEN}]`, `f32[${ROWS},${HIDDEN}]`]);
    expect([...link.backward!.inputs.keys()]).toEqual(expect.arrayContaining([X, DY, ...link.kept.keys()]));
    expect([...link.forward.outputs.keys()]).toEqual([Y, ...link.kept.keys()]);
  });

  test("is refused when a value needs another beside the one before it", () => {
    const first = mul(input("a", "f32", [2]), input("b", "f32", [2]));
    const second = mul(first, first);
    expect(() => cutChain([first, second, add(second, first)], [])).toThrow(ShapeError);
  });
});

test("a round trip reads a weight in halves once for each pass, and dropout's noise once for both", () => {
  const half = (name: string) => cast(input(name, "f16", [WIDTH, WIDTH]), "f32");
  const dropped = (x: Node, noise: string) => dropout(x, input(noise, "u8", [ROWS, WIDTH]), 0.1);
  const first = mul(input("tokens", "f32", [ROWS, WIDTH]), input("scale", "f32", [1, WIDTH]));
  const second = gelu(matmul(dropped(first, "noise"), half("weight"), { transB: true }));
  const { graph, names } = roundTrip(cutChain([first, second, sum(second, [0, 1])], ["scale"]));
  const read = [...graph.inputs.keys()].filter((name) => ["noise", "weight"].includes(names.get(name)!));
  expect(read.toSorted()).toEqual([`${SECOND_READING}weight`, "noise", "weight"]);
});
