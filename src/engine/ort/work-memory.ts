import { byteSize } from "../../graph/cost.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node, Type } from "../../graph/node.ts";
import { BYTES_PER_ELEMENT } from "../../util/tensor.ts";

const isComputed = ({ inputs }: Node) => inputs.length > 0;

/**
 * The order in which onnxruntime runs a graph: depth first from what nobody reads, the last of these first, and of a node's
 * inputs the one made last (GraphViewer, Graph::ReverseDFSFrom in onnxruntime/core/graph). The order of the graph counts for
 * nothing else, so what is computed again for the backward pass may be so long before that.
 */
export function executionOrder({ nodes }: Pick<Graph, "nodes">): Node[] {
  const place = new Map(nodes.map((node, i) => [node, i]));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const stack = nodes.filter((node) => isComputed(node) && !read.has(node)).map((node) => ({ node, isDone: false }));
  const seen = new Set<Node>();
  const order: Node[] = [];
  while (stack.length > 0) {
    const { node, isDone } = stack.pop()!;
    if (isDone) order.push(node);
    if (isDone || seen.has(node)) continue;
    seen.add(node);
    const inputs = [...new Set(node.inputs)].filter((each) => isComputed(each) && !seen.has(each));
    const sorted = inputs.toSorted((a, b) => place.get(a)! - place.get(b)!);
    stack.push({ node, isDone: true }, ...sorted.map((each) => ({ node: each, isDone: false })));
  }
  return order;
}

/** Which values share memory, and the last place of the order where each piece of memory is needed. */
interface Storage {
  /** The value whose memory a value lies in: itself, or what it is another view of, was computed over, or came after. */
  ownerOf(node: Node): Node;
  readonly lastUse: ReadonlyMap<Node, number>;
}

function shareMemory(order: readonly Node[], outputs: ReadonlySet<Node>): Storage {
  const lastRead = new Map<Node, number>();
  order.forEach((node, i) => {
    for (const each of [node, ...node.inputs]) lastRead.set(each, i);
  });
  const owners = new Map<Node, Node>();
  const lastUse = new Map<Node, number>();
  const ownerOf = (node: Node) => owners.get(node) ?? node;
  const free = freeList();
  order.forEach((node, i) => {
    const owner =
      reusedInput(node, ownerOf, (value) => !outputs.has(value) && lastUse.get(value) === i, outputs) ??
      (outputs.has(node) ? undefined : free.take(node.type));
    if (owner) owners.set(node, owner);
    const kept = owner ?? node;
    lastUse.set(kept, Math.max(lastUse.get(kept) ?? 0, lastRead.get(node)!));
    const done = new Map([...node.inputs.filter(isComputed), node].map((each) => [ownerOf(each), each.type]));
    for (const [at, type] of done) if (lastUse.get(at) === i && !outputs.has(at)) free.give(at, type);
  });
  return { ownerOf, lastUse };
}

/**
 * Memory that waits for a value of the same shape, the last that came first: onnxruntime plans such reuse before it runs, and does
 * not give back in between what will be used again (PlannerImpl::FindReusableTensor in core/framework/allocation_planner.cc).
 */
function freeList() {
  const free = new Map<string, Node[]>();
  const keyOf = ({ dtype, shape }: Type) => `${BYTES_PER_ELEMENT[dtype]} ${shape}`;
  return {
    give(owner: Node, type: Type): void {
      const key = keyOf(type);
      const owners = free.get(key) ?? [];
      owners.push(owner);
      free.set(key, owners);
    },
    take: (type: Type): Node | undefined => free.get(keyOf(type))?.pop(),
  };
}

/** The memory that a node writes over: a view takes that of its input, a result in place that of an input read last here. */
function reusedInput(
  node: Node,
  ownerOf: (node: Node) => Node,
  isFreeAfter: (owner: Node) => boolean,
  outputs: ReadonlySet<Node>,
): Node | undefined {
  const [first] = node.inputs;
  const { memory } = node.op;
  if (memory === "view" && isComputed(first!)) return ownerOf(first!);
  if (memory !== "in place" || outputs.has(node)) return undefined;
  return node.inputs
    .filter((each) => isComputed(each) && byteSize(each.type) === byteSize(node.type))
    .map(ownerOf)
    .find((owner) => isFreeAfter(owner) && byteSize(owner.type) === byteSize(node.type));
}

/**
 * Most bytes that a program of onnxruntime on the CPU touches for its values. They stay the program's until it is released, unless
 * it is lean.
 * @param visit told of each node in the order of the run, and of what lies in memory then
 */
export function workBytes(graph: Graph, lean: boolean, visit?: (node: Node, alive: ReadonlySet<Node>) => void): number {
  const outputs = new Set(graph.outputs.values());
  const order = executionOrder(graph);
  const { ownerOf, lastUse } = shareMemory(order, outputs);
  const ends = order.map((): Node[] => []);
  for (const [owner, at] of lastUse) ends[at]!.push(owner);
  const memory = lean ? systemMemory() : growingArena();
  const giveBack = new Map<Node, () => void>();
  const alive = new Set<Node>();
  order.forEach((node, i) => {
    if (ownerOf(node) === node && !outputs.has(node)) {
      giveBack.set(node, memory.take(byteSize(node.type)));
      alive.add(node);
    }
    const scratch = node.op.scratch?.(
      node.attrs,
      node.inputs.map(({ type }) => type),
    );
    if (scratch) memory.take(scratch)();
    visit?.(node, alive);
    for (const owner of ends[i]!) {
      giveBack.get(owner)?.();
      alive.delete(owner);
    }
  });
  return memory.touched();
}

interface Memory {
  /** @returns gives them back */
  take(bytes: number): () => void;
  /** Most bytes that were ever written. */
  touched(): number;
}

/** The system's own: large pieces are mapped one by one, and gone when they are given back. */
function systemMemory(): Memory {
  let [now, most] = [0, 0];
  return {
    take(bytes) {
      now += bytes;
      most = Math.max(most, now);
      return () => {
        now -= bytes;
      };
    },
    touched: () => most,
  };
}

interface Chunk {
  readonly region: Chunk[];
  size: number;
  /** Of it what was ever written, from its start: memory that nobody touched costs nothing. */
  touched: number;
  isFree: boolean;
}

const MEBI = 2 ** 20;
const UNIT = 256;
/** A free chunk is cut when it is twice as large as what is wanted, or larger by this. */
const MOST_WASTED = 128 * MEBI;
const MOST_GROWN = 2 ** 30;

/**
 * onnxruntime's arena: regions whose sizes double, the smallest free chunk that fits, neighbours joined when free (BFCArena in
 * onnxruntime/core/framework). What it wastes is what programs take beyond the values that live at once.
 */
function growingArena(): Memory {
  const regions: Chunk[][] = [];
  let next = MEBI;
  const grow = (size: number): Chunk => {
    const isEnough = next >= size;
    while (next < size) next *= 2;
    const region: Chunk[] = [];
    region.push({ region, size: next, touched: 0, isFree: true });
    regions.push(region);
    if (isEnough) next = Math.min(2 * next, MOST_GROWN);
    return region[0]!;
  };
  /** Joins a chunk with the next one of its region. */
  const join = (region: Chunk[], i: number) => {
    const [chunk, following] = [region[i]!, region[i + 1]!];
    if (following.touched > 0) chunk.touched = chunk.size + following.touched;
    chunk.size += following.size;
    region.splice(i + 1, 1);
  };
  const give = (chunk: Chunk): void => {
    chunk.isFree = true;
    const { region } = chunk;
    const i = region.indexOf(chunk);
    if (region[i + 1]?.isFree) join(region, i);
    if (region[i - 1]?.isFree) join(region, i - 1);
  };
  return {
    take(bytes) {
      const size = Math.ceil(Math.max(bytes, UNIT) / UNIT) * UNIT;
      let best: Chunk | undefined;
      for (const chunk of regions.flat()) {
        if (chunk.isFree && chunk.size >= size && (!best || chunk.size < best.size)) best = chunk;
      }
      best ??= grow(size);
      if (best.size >= 2 * size || best.size - size >= MOST_WASTED) {
        const { region } = best;
        const rest = { region, size: best.size - size, touched: Math.max(0, best.touched - size), isFree: true };
        region.splice(region.indexOf(best) + 1, 0, rest);
        best.size = size;
        best.touched = Math.min(best.touched, size);
      }
      best.isFree = false;
      best.touched = Math.max(best.touched, bytes);
      const taken = best;
      return () => give(taken);
    },
    touched: () => regions.flat().reduce((sum, { touched }) => sum + touched, 0),
  };
}
