import fc from "fast-check";
import { expect, test } from "vitest";
import { smallestCut } from "../../src/graph/cut.ts";
import type { Node } from "../../src/graph/node.ts";
import { add, input } from "../../src/graph/ops/index.ts";

interface Drawn {
  readonly weight: number;
  readonly inputs: readonly number[];
  readonly role: "source" | "sink" | "both" | "between";
}

const drawn: fc.Arbitrary<Drawn[]> = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 9 }),
      inputs: fc.array(fc.nat(), { maxLength: 3 }),
      role: fc.constantFrom("source", "sink", "both", "between", "between" as const),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((all) => all.map((each, i) => ({ ...each, inputs: i === 0 ? [] : each.inputs.map((n) => n % i) })));

/** Whether nothing leads from a source to a sink past the values that were cut. */
function separates(values: readonly Drawn[], cut: ReadonlySet<number>): boolean {
  const reached = new Set<number>();
  values.forEach(({ role, inputs }, i) => {
    const begins = role === "source" || role === "both";
    if (!cut.has(i) && (begins || inputs.some((each) => reached.has(each)))) reached.add(i);
  });
  return values.every(({ role }, i) => !reached.has(i) || role === "source" || role === "between");
}

test("nothing leads past the cut, and no set of values that does the same weighs less", () => {
  fc.assert(
    fc.property(drawn, (values) => {
      const nodes: Node[] = [];
      for (const { inputs } of values) nodes.push({ ...input("x", "f32", []), inputs: inputs.map((i) => nodes[i]!) });
      const drawnAs = (node: Node) => values[nodes.indexOf(node)]!;
      const isIn = (node: Node, roles: readonly string[]) => roles.includes(drawnAs(node).role);
      const cut = smallestCut(
        nodes,
        (node) => isIn(node, ["source", "both"]),
        (node) => isIn(node, ["sink", "both"]),
        (node) => drawnAs(node).weight,
      );
      const weigh = (chosen: readonly number[]) => chosen.reduce((sum, i) => sum + values[i]!.weight, 0);
      const chosen = cut.map((node) => nodes.indexOf(node));
      expect(separates(values, new Set(chosen))).toBe(true);
      const subsets = Array.from({ length: 2 ** values.length }, (_, bits) =>
        values.flatMap((_, i) => ((bits >> i) & 1 ? [i] : [])),
      );
      const least = Math.min(...subsets.filter((each) => separates(values, new Set(each))).map(weigh));
      expect(weigh(chosen)).toBe(least);
    }),
    { numRuns: 60 },
  );
});

test("of equal cuts the one nearest to the sinks is taken: least is left to do behind it", () => {
  const source = input("x", "f32", [2]);
  const between = add(source, source);
  const sink = add(between, between);
  const cut = smallestCut(
    [source, between, sink],
    (node) => node === source,
    (node) => node === sink,
    () => 1,
  );
  expect(cut).toEqual([sink]);
});
