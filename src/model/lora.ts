import type { Node } from "../graph/node.ts";
import { dropout, input, slice } from "../graph/ops/index.ts";
import { InputError } from "../util/errors.ts";
import type { Random } from "../util/random.ts";
import { type Tensor, tensor } from "../util/tensor.ts";
import type { Linear, Lora, Parameter } from "./layers.ts";
import type { PaliGemma } from "./paligemma.ts";
import { readWeight } from "./weight-blocks.ts";
import { ADAPTER_DIALECTS, modulePathIn } from "./weight-names.ts";

/** What is adapted, and how much. */
export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  /** Scale α/√r (Kalajdzievski 2023) instead of α/r. */
  readonly rslora: boolean;
  readonly dropout: number;
  /** Module suffixes, or a regular expression that must match a whole module path, or "all-linear". */
  readonly targets: readonly string[] | string;
  readonly exclude: string | null;
}

export function loraScale({ rank, alpha, rslora }: Pick<LoraConfig, "rank" | "alpha" | "rslora">): number {
  return alpha / (rslora ? Math.sqrt(rank) : rank);
}

/** A linear layer that gets an adapter. */
export interface LoraModule {
  readonly path: string;
  readonly out: number;
  readonly in: number;
}

/** Every linear layer of a model, in the order of the forward pass. */
export function linearsOf<T>(tree: PaliGemma<T>): Linear<T>[] {
  const walk = (value: unknown): Linear<T>[] => {
    if (typeof value !== "object" || value === null || "op" in value) return [];
    return "path" in value ? [value as Linear<T>] : Object.values(value).flatMap(walk);
  };
  return walk(tree);
}

/**
 * The layers that a configuration's targets name, as PEFT would choose them: a list matches whole name suffixes, a string
 * is a regular expression for the full path, in the spelling of any release of transformers.
 * @throws InputError when a target matches nothing, or all that match are excluded
 */
export function loraModules(
  tree: PaliGemma<Parameter>,
  { targets, exclude }: Pick<LoraConfig, "targets" | "exclude">,
): LoraModule[] {
  const linears = linearsOf(tree);
  const excluded = exclude === null ? () => false : matchesWhole(exclude);
  const suffixes = typeof targets === "string" ? [] : targets;
  const unmatched = suffixes.filter((suffix) => !linears.some(({ path }) => hasSuffix(path, suffix)));
  const chosen =
    targets === "all-linear"
      ? () => true
      : typeof targets === "string"
        ? matchesWhole(targets)
        : (path: string) => suffixes.some((suffix) => hasSuffix(path, suffix));
  const targeted = linears.filter(({ path }) => chosen(path));
  if (unmatched.length > 0 || targeted.length === 0) {
    const names = [...new Set(linears.map(({ path }) => path.split(".").at(-1)!))];
    throw new InputError(
      `lora.targets: ${unmatched.length > 0 ? unmatched.join(", ") : JSON.stringify(targets)} matches no layer of the model`,
      {
        hint: `linear layers are named ${names.join(", ")}; a path looks like ${linears.at(-1)!.path}`,
      },
    );
  }
  const modules = targeted.filter(({ path }) => !excluded(path));
  if (modules.length === 0) {
    throw new InputError(`lora.exclude: ${JSON.stringify(exclude)} leaves none of the layers that lora.targets names`, {
      hint: "exclude less, or set it to null",
    });
  }
  return modules.map(({ path, w }) => ({ path, out: w.shape[0]!, in: w.shape[1]! }));
}

/** An adapter that was read names whole paths, in the spelling of the release that it was written for. */
function hasSuffix(path: string, suffix: string): boolean {
  return ADAPTER_DIALECTS.some((dialect) => `.${modulePathIn(dialect, path)}`.endsWith(`.${suffix}`));
}

function matchesWhole(pattern: string): (path: string) => boolean {
  const regex = new RegExp(`^(?:${pattern})$`);
  return (path) => ADAPTER_DIALECTS.some((dialect) => regex.test(modulePathIn(dialect, path)));
}

/** An adapter's numbers by module path: A [r,in], B [out,r]. */
export type Adapter = ReadonlyMap<string, { readonly a: Tensor<"f32">; readonly b: Tensor<"f32"> }>;

/**
 * A fresh adapter, as PEFT starts one: A uniform in ±1/√in (Kaiming with a = √5), B zero, so that step 0 equals the base.
 */
export function initAdapter(modules: readonly LoraModule[], rank: number, random: Random): Adapter {
  return new Map(
    modules.map(({ path, out, in: width }) => {
      const bound = 1 / Math.sqrt(width);
      const a = Float32Array.from({ length: rank * width }, () => (2 * random.uniform() - 1) * bound);
      return [
        path,
        { a: tensor("f32", [rank, width], a), b: tensor("f32", [out, rank], new Float32Array(out * rank)) },
      ];
    }),
  );
}

/** Names of an adapter's graph inputs. */
export const loraNames = (path: string) => ({
  a: `${path}.lora_A.weight`,
  b: `${path}.lora_B.weight`,
  noise: `${path}.lora_dropout`,
});

/** Fits the names of dropout's inputs. */
export const LORA_NOISE = /\.lora_dropout$/;

/** An adapter's matrices by graph input; no number is copied. */
export function viewAdapter(adapter: Adapter): Record<string, Tensor<"f32">> {
  return Object.fromEntries(
    [...adapter].flatMap(([path, { a, b }]) => [
      [loraNames(path).a, a],
      [loraNames(path).b, b],
    ]),
  );
}

/** The adapter of a graph: which layers have one, and with what arithmetic. */
export interface LoraBinding {
  readonly modules: readonly LoraModule[];
  readonly rank: number;
  readonly scale: number;
  /** Above 0 in training graphs only: each adapted layer then has an input of uniform bytes, shaped as what it reads. */
  readonly dropout: number;
}

export interface BindOptions {
  /** Whether the many hidden units of a layer are taken a part at a time: less goes through memory, in more operators. */
  readonly inParts?: boolean;
}

/** Turns declared weights into graph inputs of their names, or what these are widened to, and hangs an adapter on each layer of `lora.modules`. */
export function bindWeights(
  tree: PaliGemma<Parameter>,
  dtype: "f32" | "f16",
  lora?: LoraBinding,
  { inParts = false }: BindOptions = {},
): PaliGemma<Node> {
  const adapted = new Map(lora?.modules.map((module) => [module.path, bindLora(module, lora)]));
  const bind = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(bind);
    if ("name" in value && "shape" in value) return readWeight(value as Parameter, dtype, inParts);
    const bound = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, bind(child)]));
    const adapter = "path" in value ? adapted.get(value.path as string) : undefined;
    return adapter ? { ...bound, lora: adapter } : bound;
  };
  return bind(tree) as PaliGemma<Node>;
}

function bindLora({ path, out, in: width }: LoraModule, { rank, scale, dropout: rate }: LoraBinding): Lora<Node> {
  const names = loraNames(path);
  const factors = { a: input(names.a, "f32", [rank, width]), b: input(names.b, "f32", [out, rank]), scale };
  if (rate === 0) return factors;
  const drop = (x: Node, from = 0) => {
    const noise = input(names.noise, "u8", x.type.shape.with(-1, width));
    return dropout(x, slice(noise, -1, from, from + x.type.shape.at(-1)!), rate);
  };
  return { ...factors, dropout: drop };
}

/** Every declared weight of a model. */
export function parametersOf(tree: unknown): Parameter[] {
  if (typeof tree !== "object" || tree === null) return [];
  if ("name" in tree && "shape" in tree) return [tree as Parameter];
  return Object.values(tree).flatMap(parametersOf);
}
