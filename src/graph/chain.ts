import { sizeOf, type Tensor } from "../util/tensor.ts";
import { pullBack } from "./autodiff.ts";
import { byteSize, flopsOf } from "./cost.ts";
import { smallestCut } from "./cut.ts";
import {
  type Graph,
  LARGEST_COMPARED_CONSTANT,
  makeGraph,
  rewriteNodes,
  shareNodes,
  topologicalOrder,
} from "./graph.ts";
import { type Node, ShapeError, type Type } from "./node.ts";
import { dropoutOp } from "./ops/dropout.ts";
import { add, again, input } from "./ops/index.ts";
import { constantOp, inputName, inputOp } from "./ops/source.ts";
import { printGraph } from "./print.ts";

/**
 * One link of a chain of values, each of which follows from the one before it and from what is fed: a layer of a model.
 * Both ways through it are graphs of their own, so that nothing but what is named here lives between them.
 */
export interface Link {
  /** From the value before, {@link X}, and what is fed: the value, {@link Y}, and what the way back keeps. */
  readonly forward: Graph;
  /**
   * From the gradient of the value, {@link DY}, and what was kept: that of the value before, {@link DX}, where something
   * below is trained, and of each trained input; null where there is nothing to train up to here.
   */
  readonly backward: Graph | null;
  /** Names of what the way back keeps: outputs of `forward`, inputs of `backward`. */
  readonly kept: ReadonlyMap<string, Type>;
  /** How inputs of both graphs are really called: layers that differ in their number alone have equal graphs. */
  readonly names: ReadonlyMap<string, string>;
}

export const X = "chain x";
export const Y = "chain y";
export const DX = "chain dx";
export const DY = "chain dy";
const keptName = (i: number) => `chain kept ${i}`;

/** Output name of the gradient of an input. */
export const gradientName = (input: string): string => `d ${input}`;

/**
 * Cuts the computation of the last of `values` at all others. What a link needs beside the value before it, masks for
 * instance, each link computes itself.
 * @param wrt inputs whose gradients are wanted
 * @throws ShapeError when a value does not follow from the one before it alone
 */
export function cutChain(values: readonly Node[], wrt: readonly string[]): Link[] {
  const wanted = new Set(wrt);
  let isActive = false;
  return values.map((value, i) => {
    const open = openLink(values, i);
    const trained = [...open.names].filter(([, actual]) => wanted.has(actual)).map(([name]) => name);
    const below = isActive;
    isActive ||= trained.length > 0;
    if (!isActive) return { ...open, forward: makeGraph({ [Y]: open.y }), backward: null, kept: new Map() };
    return { ...open, ...bothWays(open.y, value.type, below ? [X, ...trained] : trained) };
  });
}

/** Both ways through the last links of a chain in one graph: what the way back reads stays inside. */
export interface RoundTrip {
  /**
   * From {@link X}, where there is a value before, the gradient {@link DY} of the last value and what is fed: the last value
   * {@link Y}, the gradient {@link DX} where something below is trained, and that of each trained input.
   */
  readonly graph: Graph;
  /** How its inputs are really called: weights that are widened are inputs twice, once for each way. */
  readonly names: ReadonlyMap<string, string>;
}

/** @param links those at the end of a chain; at least the last has a way back */
export function roundTrip(links: readonly Link[]): RoundTrip {
  const names = new Map<string, string>();
  const inputs = new Map<string, Node>();
  const read = (node: Node, link: Link, isSecond: boolean): Node => {
    const actual = link.names.get(inputName(node))!;
    const name = isSecond ? `${SECOND_READING}${actual}` : actual;
    const known = inputs.get(name) ?? input(name, node.type.dtype, node.type.shape);
    names.set(name, actual);
    inputs.set(name, known);
    return known;
  };

  const passed: { link: Link; x: Node | undefined; values: ReadonlyMap<string, Node> }[] = [];
  let value: Node | undefined;
  for (const link of links) {
    const below = link.forward.inputs.get(X);
    const x: Node | undefined = value ?? (below && input(X, below.dtype, below.shape));
    const values = inPlaceOf(link.forward, (node) => (isInput(node, X) ? x! : read(node, link, false)));
    passed.push({ link, x, values });
    value = values.get(Y)!;
  }
  let dy: Node | undefined = input(DY, value!.type.dtype, value!.type.shape);
  const gradients = new Map<string, Node>();
  for (const { link, x, values } of passed.toReversed()) {
    if (!link.backward) break;
    const widened = widenedInputs(link.backward);
    const found = inPlaceOf(link.backward, (node) => {
      if (isInput(node, DY)) return dy!;
      if (isInput(node, X)) return again(x!);
      return link.kept.has(inputName(node)) ? again(values.get(inputName(node))!) : read(node, link, widened.has(node));
    });
    dy = found.get(DX);
    for (const [name, gradient] of found) {
      if (name === DX) continue;
      const actual = gradientName(link.names.get(name.slice(gradientName("").length))!);
      const other = gradients.get(actual);
      gradients.set(actual, other ? add(other, gradient) : gradient);
    }
  }
  return { graph: makeGraph({ [Y]: value!, ...Object.fromEntries(gradients), ...(dy && { [DX]: dy }) }), names };
}

/** Before the name of an input that is read once more on the way back. */
export const SECOND_READING = "again ";

/**
 * Inputs in halves, blocks or whole numbers, which are widened where they are used: read but once, the wide copy would stay until the backward
 * pass. Noise is in bytes too, and is used as it is.
 */
function widenedInputs({ nodes }: Graph): ReadonlySet<Node> {
  const noise = new Set(nodes.flatMap(({ op, inputs }) => (op === dropoutOp ? [inputs[1]] : [])));
  return new Set(nodes.filter((node) => node.op === inputOp && WIDENED.has(node.type.dtype) && !noise.has(node)));
}
const WIDENED: ReadonlySet<string> = new Set(["f16", "u8", "i8"]);

/** The outputs of a graph with others in the place of its inputs. */
function inPlaceOf({ nodes, outputs }: Graph, other: (input: Node) => Node): ReadonlyMap<string, Node> {
  const places = new Map(nodes.flatMap((node) => (node.op === inputOp ? [[node, other(node)] as const] : [])));
  const found = substitute([...outputs.values()], places);
  return new Map([...outputs.keys()].map((name, i) => [name, found[i]!]));
}

/** Nodes with others in the place of some. */
function substitute(roots: readonly Node[], others: ReadonlyMap<Node, Node>): Node[] {
  return rewriteNodes(roots, (node, original) => others.get(original) ?? node);
}

const LAYER = /^(.*\blayers\.)(\d+)(\..*)$/;

/** The i-th value as it follows from an input {@link X}; the layer's number in the names of its inputs becomes 0. */
function openLink(values: readonly Node[], i: number): { y: Node; names: ReadonlyMap<string, string> } {
  const before = values[i - 1];
  const cut = new Map(before && [[before, input(X, before.type.dtype, before.type.shape)]]);
  const [y] = substitute([values[i]!], cut) as [Node];
  const order = topologicalOrder([y]);
  const earlier = new Set(values.slice(0, i));
  if (order.some((node) => earlier.has(node))) {
    throw new ShapeError(`chain: value ${i} needs another value beside the one before it`);
  }
  const inputs = order.filter((node) => node.op === inputOp && !isInput(node, X));
  const layers = new Set(inputs.flatMap((node) => LAYER.exec(inputName(node))?.slice(1, 3).join("") ?? []));
  const plain = (name: string) => (layers.size === 1 ? name.replace(LAYER, "$10$3") : name);
  const renamed = new Map(
    inputs.map((node) => [node, input(plain(inputName(node)), node.type.dtype, node.type.shape)] as const),
  );
  return {
    y: substitute([y], renamed)[0]!,
    names: new Map(inputs.map((node) => [plain(inputName(node)), inputName(node)])),
  };
}

function bothWays(y: Node, type: Type, wrt: readonly string[]): Pick<Link, "forward" | "backward" | "kept"> {
  const byName = new Map(
    topologicalOrder([y]).flatMap((node) => (node.op === inputOp ? [[inputName(node), node] as const] : [])),
  );
  const dy = input(DY, type.dtype, type.shape);
  const [value, ...gradients] = shareNodes([
    y,
    ...pullBack(
      y,
      dy,
      wrt.map((name) => byName.get(name)!),
    ),
  ]) as [Node, ...Node[]];
  const kept = chooseKept(gradients);
  const places = new Map(kept.map((node, i) => [node, input(keptName(i), node.type.dtype, node.type.shape)]));
  const outputs = substitute(gradients, places);
  return {
    forward: makeGraph({ [Y]: value, ...Object.fromEntries(kept.map((node, i) => [keptName(i), node])) }),
    // In the order in which the way back comes to them.
    backward: makeGraph(
      Object.fromEntries(wrt.map((name, i) => [name === X ? DX : gradientName(name), outputs[i]!]).toReversed()),
    ),
    kept: new Map(kept.map((node, i) => [keptName(i), node.type])),
  };
}

/**
 * What the way back keeps: the fewest bytes of forward values between the products that are dear to compute again and whatever
 * the way back reads. The rest it computes again from these and the link's input: activations, norms, attention weights,
 * widened weights.
 */
function chooseKept(gradients: readonly Node[]): Node[] {
  const order = topologicalOrder(gradients);
  const behind = new Set<Node>();
  const read = new Set<Node>(gradients);
  for (const node of order) {
    if (!isInput(node, DY) && !node.inputs.some((each) => behind.has(each))) continue;
    behind.add(node);
    for (const each of node.inputs) read.add(each);
  }
  const forward = order.filter((node) => !behind.has(node));
  return smallestCut(
    forward,
    isDear,
    (node) => read.has(node),
    ({ type }) => byteSize(type),
  );
}

const isInput = (node: Node, name: string) => node.op === inputOp && inputName(node) === name;

/**
 * Operations a byte of the result beyond which a value is dear: a product with a matrix of more than 512 columns. Machines do
 * some ten operations in the time in which they move a byte, and products with the few columns of an attention head make the
 * largest values of all.
 */
const DEAR = 256;

/** A reduction does one operation for each number it reads, a product many. */
function isDear(node: Node): boolean {
  const read = node.inputs.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  const flops = flopsOf(node);
  return node.inputs.length > 0 && flops > DEAR * byteSize(node.type) && flops > 2 * read;
}

/** Graphs with equal keys compute the same: their text, which small constants are part of, and which large ones they hold. */
export function graphKey(graph: Graph): string {
  const constants = graph.nodes.flatMap(({ op, attrs, type }) =>
    op === constantOp && sizeOf(type.shape) > 1 ? [constantKey(attrs as Tensor)] : [],
  );
  return `${printGraph(graph)}${constants}`;
}

/** Large constants are told apart by identity, as where equal nodes are shared. */
function constantKey({ data }: Tensor): string {
  return data.length <= LARGEST_COMPARED_CONSTANT
    ? `[${Array.from<unknown>(data as Float32Array)}]`
    : `#${identity(data)}`;
}

const identities = new WeakMap<object, number>();
let counted = 0;

function identity(value: object): number {
  const known = identities.get(value) ?? ++counted;
  identities.set(value, known);
  return known;
}
