import type { Graph } from "../../graph/graph.ts";
import { splitProducts } from "../split-products.ts";
import { orderOutputs } from "./output-order.ts";
import { NO_VIEWS, type Viewed, viewRows } from "./row-views.ts";

/**
 * A graph as onnxruntime is given it: who compiles it and who plans its memory read the same.
 * @param onHost whether it computes in the machine's own memory
 */
export function ortGraph(whole: Graph, onHost: boolean): Viewed {
  const split = splitProducts(whole);
  const { graph, views } = onHost ? viewRows(split) : { graph: split, views: NO_VIEWS };
  return { graph: orderOutputs(graph), views };
}
