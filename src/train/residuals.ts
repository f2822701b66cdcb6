import type { Engine } from "../engine/engine.ts";
import type { Link } from "../graph/chain.ts";
import type { PaliGemmaConfig } from "../model/config.ts";
import { parametersOf } from "../model/lora.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { InputError } from "../util/errors.ts";
import { sizeOf } from "../util/tensor.ts";
import type { Objective } from "./loss-graph.ts";
import { chainBytes, keptBytes } from "./memory-plan/layers.ts";
import type { PlannedEngine } from "./memory-plan/program-memory.ts";

/** Parameters from which on a step is compiled layer by layer: below, one program for all is faster, and its values fit. */
const LARGE = 1_000_000_000;

/**
 * Whether a step is one program or one a layer. It follows from model and engine alone, never from the machine: both ways round
 * differently, and a run that goes on elsewhere must give the same bits.
 * @throws InputError when layers are wanted and characters are named: their loss reads the image features, as the language does,
 * and a chain has one value between two layers
 */
export function choosePrograms(
  wanted: "auto" | "whole" | "layers",
  engine: Pick<Engine, "readsInPlace">,
  config: PaliGemmaConfig,
  objective: Objective,
): "whole" | "layers" {
  if (wanted === "layers" && objective.characters > 0) {
    throw new InputError("train.programs: layers is for the answers' loss alone, and train.character_loss is above 0", {
      hint: "set train.programs to auto or whole",
    });
  }
  if (wanted !== "auto") return wanted;
  const parameters = parametersOf(paligemmaParameters(config)).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return engine.readsInPlace && objective.characters === 0 && parameters >= LARGE ? "layers" : "whole";
}

/** An engine as the plan of memory knows it. */
export function plannedEngine({ name, readsInPlace = false, products = "fp32" }: Engine): PlannedEngine {
  const known = (["ort", "tfjs", "reference"] as const).find((each) => name.startsWith(each)) ?? "ort";
  return { name: known, onHost: readsInPlace || known === "reference", products };
}

/** A byte in twelve is left to what no plan knows: other programs, photographs of unusual size. */
const MARGIN = 11 / 12;

/**
 * What the backward pass reads of a layer: kept, or computed again; a number keeps those of so many layers, where each is a
 * program; auto goes by memory.
 */
export type Residuals = "auto" | "keep" | "recompute" | number;

/**
 * Links whose residuals are kept, the last ones first: these wait shortest. `auto` keeps all where `available` bytes suffice
 * beside the base; else as many as there is room for once every layer can be computed again.
 */
export function chooseKept(
  chain: readonly Link[],
  residuals: Residuals,
  engine: PlannedEngine,
  available: number,
): ReadonlySet<Link> {
  const [all, none] = [new Set(chain), new Set<Link>()];
  if (typeof residuals === "number") return new Set(chain.slice(Math.max(0, chain.length - residuals)));
  if (residuals !== "auto") return residuals === "keep" ? all : none;
  const roomBeside = (kept: ReadonlySet<Link>) => MARGIN * available - chainBytes(chain, kept, engine);
  if (roomBeside(all) >= 0) return all;
  let room = roomBeside(none);
  const kept = new Set<Link>();
  for (const link of chain.toReversed()) {
    room -= keptBytes(link);
    if (room < 0) break;
    kept.add(link);
  }
  for (const link of [...kept].toReversed()) {
    if (roomBeside(kept) >= 0) break; // together they take somewhat more than one by one
    kept.delete(link);
  }
  return kept;
}
