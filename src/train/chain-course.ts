import { DX, DY, type Link, type RoundTrip, roundTrip, X, Y } from "../graph/chain.ts";
import type { Graph } from "../graph/graph.ts";
import type { Type } from "../graph/node.ts";
import { blockBytes } from "../util/buffer-pool.ts";
import { linkName } from "./link-name.ts";

/** A tensor between two programs. Which it is, its identity says. */
export interface Slot {
  readonly type: Type;
}

/** One run of one program. */
export interface Leg {
  readonly graph: Graph;
  /** How its inputs are really called. */
  readonly names: Link["names"];
  /** The lowest of its layers. */
  readonly layer: string;
  readonly pass: "forward" | "both" | "recomputation" | "backward";
  /** What it is fed from slots, by input. */
  readonly reads: Readonly<Record<string, Slot>>;
  /** Slots that are taken before it runs, by output. Other outputs are gradients of what is trained. */
  readonly writes: Readonly<Record<string, Slot>>;
  /** Slots that are given back once it has run. */
  readonly frees: readonly Slot[];
  /** How many links it takes along on one of both ways: what a step has to do. */
  readonly links: number;
}

/** How a step goes through a chain: who runs it and who plans its memory read the same legs. */
export interface Course {
  readonly legs: readonly Leg[];
  /** The last link's value, which the first leg to write it has computed. */
  readonly loss: Slot;
}

/** The way there alone, for the loss of a chain that nothing is trained of. */
export function forwardCourse(chain: readonly Link[]): Course {
  const { legs, value } = goForward(chain);
  legs.at(-1)!.frees.push(value!);
  return { legs, loss: value! };
}

/**
 * Both ways. Links that are kept are one program, there and back, so that what the way back reads never leaves onnxruntime's own
 * memory; where all are, with the frozen ones below. The last link is always one of them, for its way back begins where its way
 * there ends. Each other link is a program of its own, of which only what goes in is kept: on the way back it is computed again.
 * @param keeps links of which the way back finds what it reads, the last ones
 */
export function trainingCourse(chain: readonly Link[], keeps: ReadonlySet<Link>): Course {
  const start = firstJoined(chain, keeps);
  const [single, joined] = [chain.slice(0, start), chain.slice(start)];
  const { legs, value, passed } = goForward(single);

  const trip: RoundTrip = roundTrip(joined);
  const loss = slotOf(trip.graph, Y)!;
  const above = slotOf(trip.graph, DX);
  legs.push({
    ...trip,
    layer: linkName(joined[0]!),
    pass: "both",
    reads: { ...(value && { [X]: value }) },
    writes: { [Y]: loss, ...(above && { [DX]: above }) },
    frees: [loss, ...(value ? [value] : [])],
    links: 2 * joined.length,
  });

  let dy = above;
  for (const { link, x } of passed.toReversed()) {
    const [again, y, kept] = forwardLeg(link, x, "recomputation");
    legs.push({ ...again, frees: [y], links: 0 });
    const graph = link.backward!;
    const dx = slotOf(graph, DX);
    const own = { ...kept, ...(x && { [X]: x }), [DY]: dy! };
    const { names } = link;
    const writes = { ...(dx && { [DX]: dx }) };
    legs.push({
      ...{ graph, names, layer: linkName(link), pass: "backward", reads: own, writes },
      ...{ frees: Object.values(own), links: 1 },
    });
    dy = dx;
  }
  return { legs, loss };
}

/** Bytes of the slots of a course, as a pool of buffers has them. */
export interface SlotBytes {
  /** Taken while each leg runs. */
  readonly taken: readonly number[];
  /** What the pool holds after a step: it keeps as many of each size as were ever taken at once. */
  readonly held: number;
}

export function slotBytes({ legs }: Course): SlotBytes {
  const counts = new Map<number, { now: number; most: number }>();
  let live = 0;
  const change = (slot: Slot, by: 1 | -1) => {
    const bytes = blockBytes(slot.type);
    const count = counts.get(bytes) ?? { now: 0, most: 0 };
    count.now += by;
    count.most = Math.max(count.most, count.now);
    counts.set(bytes, count);
    live += by * bytes;
  };
  const taken = legs.map(({ writes, frees }) => {
    for (const slot of Object.values(writes)) change(slot, 1);
    const during = live;
    for (const slot of frees) change(slot, -1);
    return during;
  });
  return { taken, held: [...counts].reduce((sum, [bytes, { most }]) => sum + bytes * most, 0) };
}

function firstJoined(chain: readonly Link[], keeps: ReadonlySet<Link>): number {
  const trained = chain.findIndex(({ backward }) => backward);
  const kept = chain.findIndex((link) => link.backward && keeps.has(link));
  if (kept < 0) return chain.length - 1;
  return kept === trained ? 0 : kept;
}

interface Passed {
  readonly link: Link;
  readonly x: Slot | undefined;
}

/** Link by link; what goes into one with a way back is kept for it. */
function goForward(links: readonly Link[]) {
  const legs: (Leg & { readonly frees: Slot[] })[] = [];
  const passed: Passed[] = [];
  let value: Slot | undefined;
  for (const link of links) {
    const x = value;
    const [leg, y, kept] = forwardLeg(link, x, "forward");
    const isDone = x && !link.backward;
    legs.push({ ...leg, frees: [...Object.values(kept), ...(isDone ? [x] : [])], links: 1 });
    if (link.backward) passed.push({ link, x });
    value = y;
  }
  return { legs, passed, value };
}

function forwardLeg(link: Link, x: Slot | undefined, pass: "forward" | "recomputation") {
  const { forward: graph, names } = link;
  const y = slotOf(graph, Y)!;
  const kept = Object.fromEntries([...link.kept].map(([name, type]): [string, Slot] => [name, { type }]));
  const reads = { ...(x && { [X]: x }) };
  const leg = { graph, names, layer: linkName(link), pass, reads, writes: { [Y]: y, ...kept } } as const;
  return [leg, y, kept] as const;
}

function slotOf({ outputs }: Graph, name: string): Slot | undefined {
  const node = outputs.get(name);
  return node && { type: node.type };
}
