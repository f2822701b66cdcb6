import type { Graph } from "../../graph/graph.ts";
import { splitProducts } from "../split-products.ts";
import { orderOutputs } from "./output-order.ts";

/** A graph as onnxruntime is given it: who compiles it and who plans its memory read the same. */
export const ortGraph = (graph: Graph): Graph => orderOutputs(splitProducts(graph));
