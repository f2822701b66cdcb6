import { type Graph, rewrite } from "../graph/graph.ts";
import type { Node } from "../graph/node.ts";
import { int8Product, mul, scalar, scale, transpose } from "../graph/ops/index.ts";
import { type MatmulAttrs, matmulOp } from "../graph/ops/matmul.ts";
import { isWidenedInt8 } from "./widen-at-use.ts";

/**
 * Takes products with a frozen weight in whole numbers, W = s ∘ Q [N,K], in whole numbers as well, forward and backward: x · Wᵀ is
 * (x · Qᵀ) ∘ s, and dy · W is (dy ∘ s) · Q, where each row of x, or of dy ∘ s, is rounded to 8 bits with a scale of its own (Dettmers
 * et al. 2022, §3.1; Wortsman et al. 2023, §2.2, for the way back). With what rounding left, W = s ∘ (Q + R / 126), three products
 * make one that is as exact as with W in halves. A graph without such a weight comes back as it is.
 */
export function int8Products(graph: Graph): Graph {
  if (!graph.nodes.some(isInt8Product)) return graph;
  return rewrite(graph, (node) => (isInt8Product(node) ? multiplyWhole(node) : node));
}

function isInt8Product({ op, inputs: [, w], attrs }: Node): boolean {
  return op === matmulOp && isWidenedInt8(w!) && !(attrs as MatmulAttrs).transA;
}

function multiplyWhole({ inputs: [x, widened], attrs }: Node): Node {
  const { transB, alpha } = attrs as MatmulAttrs;
  const [whole, scales, rest] = widened!.inputs;
  const turned = (part: Node) => transpose(part, [1, 0]);
  const product = transB
    ? int8Product(x!, whole!, scales!, rest)
    : int8Product(mul(x!, scales!), turned(whole!), scalar(1), rest && turned(rest));
  return scale(product, alpha);
}
