import { formatType, type Node, ShapeError, type Type } from "./node.ts";
import { constantOp, inputName, inputOp } from "./ops/source.ts";

/** What an engine compiles: named outputs, and every node they need in an order in which inputs come first. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: ReadonlyMap<string, Type>;
  readonly outputs: ReadonlyMap<string, Node>;
}

/** Every node that `outputs` reach, inputs before users. What they do not reach is dead code and is not there. */
export function topologicalOrder(outputs: readonly Node[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = outputs.toReversed().map((node) => ({ node, next: 0 }));
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    if (top.next === 0 && seen.has(top.node)) {
      stack.pop();
      continue;
    }
    seen.add(top.node);
    const input = top.node.inputs[top.next++];
    if (input === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(input)) stack.push({ node: input, next: 0 });
  }
  return order;
}

/**
 * Collects the graph behind named outputs: dead code is left out, equal nodes are shared, the result is verified.
 * @throws ShapeError for a node whose type does not follow from its inputs, or an input declared twice with two types
 */
export function makeGraph(outputs: Readonly<Record<string, Node>>): Graph {
  const shared = shareNodes(Object.values(outputs));
  const graph = {
    nodes: topologicalOrder(shared),
    inputs: new Map<string, Type>(),
    outputs: new Map(Object.keys(outputs).map((name, i) => [name, shared[i]!])),
  };
  for (const node of graph.nodes) {
    if (node.op !== inputOp) continue;
    const name = inputName(node);
    if (graph.inputs.has(name))
      throw new ShapeError(`input ${name} is declared with two types, one is ${formatType(node.type)}`);
    graph.inputs.set(name, node.type);
  }
  verify(graph);
  return graph;
}

/**
 * What stands for a node in a graph that is made from another.
 * @param node the node with what stands for its inputs: `original` itself where they are all the same. Its type is still that of
 * `original`; who changes types infers it again
 */
export type Renew = (node: Node, original: Node) => Node;

/** The graph whose nodes are what `renew` makes of each, inputs before users; what does not change is not copied. */
export function rewrite({ outputs }: Graph, renew: Renew): Graph {
  const renewed = rewriteNodes([...outputs.values()], renew);
  return makeGraph(Object.fromEntries([...outputs.keys()].map((name, i) => [name, renewed[i]!])));
}

/** {@link rewrite} for nodes that are no graph yet. */
export function rewriteNodes(roots: readonly Node[], renew: Renew): Node[] {
  const made = new Map<Node, Node>();
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((input) => made.get(input)!);
    made.set(node, renew(inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs }, node));
  }
  return roots.map((root) => made.get(root)!);
}

/** Common subexpressions: nodes of one op with equal attributes on the same inputs become one node. */
export function shareNodes(outputs: readonly Node[]): Node[] {
  const ids = new Map<Node, number>();
  const known = new Map<string, Node>();
  return rewriteNodes(outputs, (node) => {
    const key = structuralKey(
      node,
      node.inputs.map((input) => ids.get(input)!),
    );
    const shared = key === null ? node : (known.get(key) ?? node);
    if (key !== null) known.set(key, shared);
    if (!ids.has(shared)) ids.set(shared, ids.size);
    return shared;
  });
}

/** Large constants are told apart by identity: comparing them costs more than sharing them saves. */
export const LARGEST_COMPARED_CONSTANT = 64;

function structuralKey(node: Node, inputIds: readonly number[]): string | null {
  if (node.op === constantOp) {
    const { data } = node.attrs as { data: Float32Array };
    return data.length > LARGEST_COMPARED_CONSTANT ? null : `constant ${formatType(node.type)} ${Array.from(data)}`;
  }
  return `${node.op.name} ${inputIds} ${JSON.stringify(node.attrs)}`;
}

/** Infers every type again and compares: what a pass or a hand-built node got wrong is found before an engine sees it. */
export function verify(graph: Graph): void {
  const seen = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => !seen.has(input)))
      throw new ShapeError(`${node.op.name}: an input comes after its user`);
    seen.add(node);
    const inferred = node.op.type(
      node.inputs.map((input) => input.type),
      node.attrs,
    );
    if (formatType(inferred) !== formatType(node.type)) {
      throw new ShapeError(`${node.op.name}: is ${formatType(node.type)} but its inputs make ${formatType(inferred)}`);
    }
  }
  for (const [name, output] of graph.outputs)
    if (!seen.has(output)) throw new ShapeError(`output ${name} is not in the graph`);
}
