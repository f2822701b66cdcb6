import { allocate, sizeOf } from "../util/tensor.ts";
import { topologicalOrder } from "./graph.ts";
import { apply, formatType, type Node, ShapeError } from "./node.ts";
import { after } from "./ops/after.ts";
import { addOp } from "./ops/elementwise.ts";
import { joinPads } from "./ops/slice.ts";
import { constant, scalar } from "./ops/source.ts";

/** How the backward pass comes by the values of the forward pass. */
export interface BackwardOptions {
  /**
   * Values that are kept, each computed from the one before it, as the inputs of layers are. Other values are computed anew
   * from these when the backward pass comes to them (Chen et al. 2016, §4). Absent: all are kept.
   */
  readonly kept?: ReadonlySet<Node>;
}

/**
 * The gradient of a scalar `loss` with respect to each x of `wrt`.
 * @throws ShapeError when the loss is no scalar; as {@link pullBack}
 */
export function gradients(loss: Node, wrt: readonly Node[], options: BackwardOptions = {}): Node[] {
  if (sizeOf(loss.type.shape) !== 1)
    throw new ShapeError(`gradients: the loss is ${formatType(loss.type)}, not a scalar`);
  return pullBack(loss, ones(loss), wrt, options);
}

/**
 * Reverse-mode differentiation as a graph transform (Griewank & Walther 2008, §3.2): from `dy`, the gradient of whatever is
 * made of `y`, the nodes that compute that gradient with respect to each x of `wrt`. Only what leads from `wrt` to y is
 * differentiated: the gradient of a frozen weight is never built, and nothing flows below the first trained layer.
 * @throws ShapeError when a rule returns a gradient of another shape than its input (naming the op)
 */
export function pullBack(y: Node, dy: Node, wrt: readonly Node[], { kept }: BackwardOptions = {}): Node[] {
  const order = topologicalOrder([y]);
  const wanted = new Set(wrt);
  const active = new Set<Node>();
  for (const node of order) {
    if (wanted.has(node) || node.inputs.some((input) => active.has(input))) active.add(node);
  }

  const adjoints = new Map<Node, Node>([[y, dy]]);
  const recomputation = kept && recomputeBetween(kept);
  for (const node of order.toReversed()) {
    const dy = adjoints.get(node);
    if (dy === undefined || !active.has(node)) continue;
    recomputation?.pass(node, dy);
    const lookUp = recomputation?.lookUp ?? ((value: Node) => value);
    const thunks = node.op.vjp(dy, node.inputs.map(lookUp), node.attrs, kept?.has(node) ? node : lookUp(node));
    node.inputs.forEach((input, i) => {
      const thunk = thunks[i];
      if (!thunk || !active.has(input)) return;
      const gradient = thunk();
      if (gradient.type.shape.join() !== input.type.shape.join()) {
        throw new ShapeError(
          `${node.op.name}: gradient of input ${i} is ${formatType(gradient.type)}, the input is ${formatType(input.type)}`,
        );
      }
      const earlier = adjoints.get(input);
      adjoints.set(input, earlier === undefined ? gradient : accumulate(earlier, gradient));
    });
  }
  return wrt.map((x) => adjoints.get(x) ?? zeros(x));
}

/** The gradients of slices of one value are joined, and not added up with zeros around each. */
const accumulate = (earlier: Node, gradient: Node): Node =>
  joinPads(earlier, gradient) ?? apply(addOp, [earlier, gradient], null);

/**
 * Forward values for the backward pass: below the last kept value that it has passed they are computed anew, from the kept
 * value below, and not before the gradient of the one above is known: else all layers would be recomputed at once.
 */
function recomputeBetween(kept: ReadonlySet<Node>) {
  let again = new Map<Node, Node>();
  let event: Node | undefined;
  const lookUp = (node: Node): Node => {
    if (event === undefined || (node.inputs.length === 0 && !kept.has(node))) return node;
    const known = again.get(node);
    if (known !== undefined) return known;
    const value = kept.has(node) ? after(node, event) : { ...node, inputs: node.inputs.map(lookUp) };
    again.set(node, value);
    return value;
  };
  return {
    lookUp,
    /** The backward pass comes to a value whose gradient is `dy`. */
    pass(node: Node, dy: Node): void {
      if (kept.has(node)) [event, again] = [dy, new Map()];
    },
  };
}

function ones({ type: { shape } }: Node): Node {
  return shape.length === 0 ? scalar(1) : constant({ dtype: "f32", shape, data: Float32Array.of(1) });
}

/** The loss does not depend on x. */
function zeros({ type: { shape } }: Node): Node {
  return constant({ dtype: "f32", shape, data: allocate("f32", sizeOf(shape)) });
}
