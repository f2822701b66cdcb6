import type { Graph } from "../graph/graph.ts";
import type { Engine, Products } from "./engine.ts";
import { halveProducts } from "./half-products.ts";
import { int8Products } from "./int8-products.ts";

/** A graph with its products in a type. */
export function takeProducts(graph: Graph, products: Products): Graph {
  if (products === "fp32") return graph;
  return products === "fp16" ? halveProducts(graph) : int8Products(graph);
}

/** An engine whose programs take their products in a type. */
export function withProducts(engine: Engine, products: Products): Engine {
  if (products === "fp32") return engine;
  return {
    ...engine,
    products,
    compile: (graph, weights, options) => engine.compile(takeProducts(graph, products), weights, options),
  };
}
