import type { Node } from "./node.ts";

/**
 * The values of least weight without which nothing leads from a source to a sink; of several such sets the one nearest to the
 * sinks. By Menger's theorem as much flows from sources to sinks, when each value lets through its weight: paths with room
 * left are filled until there is none (Edmonds & Karp 1972).
 * @param order nodes, inputs before users; a source may be a sink itself
 */
export function smallestCut(
  order: readonly Node[],
  isSource: (node: Node) => boolean,
  isSink: (node: Node) => boolean,
  weightOf: (node: Node) => number,
): Node[] {
  const index = new Map(order.map((node, i) => [node, i]));
  const network = emptyNetwork(2 * order.length + 2);
  const [source, sink] = [2 * order.length, 2 * order.length + 1];
  order.forEach((node, i) => {
    network.connect(2 * i, 2 * i + 1, weightOf(node)); // into a value, and out of it
    if (isSource(node)) network.connect(source, 2 * i, Number.POSITIVE_INFINITY);
    if (isSink(node)) network.connect(2 * i + 1, sink, Number.POSITIVE_INFINITY);
    for (const each of node.inputs) {
      const from = index.get(each);
      if (from !== undefined) network.connect(2 * from + 1, 2 * i, Number.POSITIVE_INFINITY);
    }
  });
  network.fill(source, sink);
  const open = network.leadingTo(sink);
  return order.filter((_, i) => open.has(2 * i + 1) && !open.has(2 * i));
}

/** Edges in pairs: an edge and the way back along it, which has as much room as flows. */
interface Edge {
  readonly to: number;
  room: number;
}

function emptyNetwork(size: number) {
  const edges: Edge[] = [];
  const leaving: number[][] = Array.from({ length: size }, () => []);

  /** The shortest path with room left, as edges from its end to its start; null: there is none. */
  function findPath(from: number, to: number): number[] | null {
    const cameBy = new Map<number, number>([[from, -1]]);
    for (const at of cameBy.keys()) {
      for (const edge of leaving[at]!) {
        const next = edges[edge]!.to;
        if (edges[edge]!.room > 0 && !cameBy.has(next)) cameBy.set(next, edge);
      }
    }
    if (!cameBy.has(to)) return null;
    const path: number[] = [];
    for (let at = to; at !== from; at = edges[path.at(-1)! ^ 1]!.to) path.push(cameBy.get(at)!);
    return path;
  }

  return {
    connect(from: number, to: number, room: number): void {
      leaving[from]!.push(edges.push({ to, room }) - 1);
      leaving[to]!.push(edges.push({ to: from, room: 0 }) - 1);
    },
    fill(from: number, to: number): void {
      for (let path = findPath(from, to); path; path = findPath(from, to)) {
        const most = Math.min(...path.map((edge) => edges[edge]!.room));
        for (const edge of path) {
          edges[edge]!.room -= most;
          edges[edge ^ 1]!.room += most;
        }
      }
    },
    /** Places from which there is a path with room left to `to`. */
    leadingTo(to: number): ReadonlySet<number> {
      const found = new Set([to]);
      for (const at of found) {
        for (const edge of leaving[at]!) if (edges[edge ^ 1]!.room > 0) found.add(edges[edge]!.to);
      }
      return found;
    },
  };
}
