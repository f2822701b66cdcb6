import { allocate, sizeOf } from "../util/tensor.ts";
import { topologicalOrder } from "./graph.ts";
import { apply, formatType, type Node, ShapeError } from "./node.ts";
import { addOp } from "./ops/elementwise.ts";
import { constant, scalar } from "./ops/source.ts";

/**
 * Reverse-mode differentiation as a graph transform (Griewank & Walther 2008, §3.2): from a scalar `loss`, the nodes that
 * compute ∂loss/∂x for each x of `wrt`. Only what leads from `wrt` to the loss is differentiated: the gradient of a frozen
 * weight is never built, and nothing flows below the first trained layer.
 * @throws ShapeError when the loss is no scalar, or a rule returns a gradient of another shape than its input (naming the op)
 */
export function gradients(loss: Node, wrt: readonly Node[]): Node[] {
  if (sizeOf(loss.type.shape) !== 1)
    throw new ShapeError(`gradients: the loss is ${formatType(loss.type)}, not a scalar`);
  const order = topologicalOrder([loss]);
  const wanted = new Set(wrt);
  const active = new Set<Node>();
  for (const node of order) {
    if (wanted.has(node) || node.inputs.some((input) => active.has(input))) active.add(node);
  }

  const adjoints = new Map<Node, Node>([[loss, ones(loss)]]);
  for (const node of order.toReversed()) {
    const dy = adjoints.get(node);
    if (dy === undefined || !active.has(node)) continue;
    const thunks = node.op.vjp(dy, node.inputs, node.attrs, node);
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
      adjoints.set(input, earlier === undefined ? gradient : apply(addOp, [earlier, gradient], null));
    });
  }
  return wrt.map((x) => adjoints.get(x) ?? zeros(x));
}

function ones({ type: { shape } }: Node): Node {
  return shape.length === 0 ? scalar(1) : constant({ dtype: "f32", shape, data: Float32Array.of(1) });
}

/** The loss does not depend on x. */
function zeros({ type: { shape } }: Node): Node {
  return constant({ dtype: "f32", shape, data: allocate("f32", sizeOf(shape)) });
}
