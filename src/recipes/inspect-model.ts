import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { resolveAsset } from "../config/presets.ts";
import { readJson } from "../formats/json.ts";
import { openSafetensors } from "../formats/safetensors.ts";
import type { StoredDType } from "../formats/safetensors-header.ts";
import { adapterConfigSchema } from "../model/adapter-config.ts";
import { dialectOfNames } from "../model/base-dialects.ts";
import { openCheckpoint } from "../model/checkpoint.ts";
import { CONFIG } from "../model/companions.ts";
import { numImageTokens, type PaliGemmaConfig } from "../model/config.ts";
import type { Parameter } from "../model/layers.ts";
import { parametersOf } from "../model/lora.ts";
import { readModelConfig } from "../model/model-config.ts";
import { requirePaligemma } from "../model/model-family.ts";
import { paligemmaParameters } from "../model/paligemma.ts";
import { storedTensors } from "../model/weight-blocks.ts";
import {
  ADAPTER_DIALECTS,
  adapterKey,
  canonicalName,
  isRedundantWeight,
  parseAdapterKey,
} from "../model/weight-names.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { type Shape, sizeOf } from "../util/tensor.ts";

/** A tensor as the header of its file describes it. */
export interface InspectedTensor {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: Shape;
  readonly bytes: number;
  readonly file: string;
}

/** Tensors of one part of the model in one type. */
export interface TensorGroup {
  readonly part: ModelPart;
  readonly dtype: StoredDType;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

export type ModelPart = "vision" | "projector" | "language" | "other";

export interface ModelReport {
  readonly path: string;
  /** A file alone may be a part of either. */
  readonly kind: "base" | "adapter";
  /** Whose names the tensors have; `mixed` when there is no single one. */
  readonly dialect: string | null;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly groups: readonly TensorGroup[];
  /** Of a folder's configuration; null for a file or an adapter. */
  readonly sizes: (PaliGemmaConfig & { readonly imageTokens: number }) | null;
  /** Of an adapter's folder. */
  readonly adapter: {
    readonly rank: number;
    readonly alpha: number;
    readonly targets: string | readonly string[];
    readonly base: string | null;
  } | null;
  /** What keeps it from being loaded, in words; empty for a file alone whose header is whole. */
  readonly faults: readonly string[];
  readonly entries: readonly InspectedTensor[];
}

/**
 * What is in a base, an adapter, or one file of either. Reads headers and configurations, no numbers; a file that is missing
 * or cut short is a fault in the report. @throws InputError when the path is none of these, or of another family
 */
export async function inspectModel(pathOrAsset: string): Promise<ModelReport> {
  const path = resolveAsset(pathOrAsset);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return inspectFile(path);
  if (!found)
    throw new InputError(`${path}: no such folder or file`, { hint: "name a folder, or a .safetensors file" });
  return existsSync(join(path, ADAPTER)) && !existsSync(join(path, CONFIG)) ? inspectAdapter(path) : inspectBase(path);
}

const ADAPTER = "adapter_config.json";
const ADAPTER_WEIGHTS = "adapter_model.safetensors";
const INDEX = "model.safetensors.index.json";

async function inspectFile(path: string): Promise<ModelReport> {
  const entries = await readEntries(dirname(path), basename(path));
  const isAdapter = entries.some(({ name }) => parseAdapterKey(name) !== undefined);
  requireKnown(path, entries, isAdapter ? (name) => parseAdapterKey(name)?.path : canonicalName);
  return { ...summary(path, isAdapter ? "adapter" : "base", entries), sizes: null, adapter: null, faults: [] };
}

async function inspectBase(folder: string): Promise<ModelReport> {
  await requirePaligemma(folder);
  const config = await readModelConfig(folder);
  const { entries, faults } = await readFolder(folder, await listShards(folder));
  if (entries.length > 0) requireKnown(folder, entries, canonicalName);
  const parameters = parametersOf(paligemmaParameters(config));
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const ofWeights = [...faults, ...weightFaults(parameters, entries)];
  const ofLoading = ofWeights.length > 0 ? [] : await loadingFaults(folder, parameters);
  return {
    ...summary(folder, "base", entries),
    ...(config.blocks && { parameters: numbers }), // blocks and scales are others than the model's numbers
    sizes: { ...config, imageTokens: numImageTokens(config.vision) },
    adapter: null,
    faults: [...ofWeights, ...ofLoading, ...companionFaults(folder)],
  };
}

async function inspectAdapter(folder: string): Promise<ModelReport> {
  const { config, base } = await readJson(join(folder, ADAPTER), adapterConfigSchema);
  const { entries, faults } = await readFolder(folder, [ADAPTER_WEIGHTS]);
  if (entries.length > 0) requireKnown(folder, entries, (name) => parseAdapterKey(name)?.path);
  const { rank, alpha, targets } = config;
  const report = { ...summary(folder, "adapter", entries), sizes: null, adapter: { rank, alpha, targets, base } };
  return { ...report, faults: [...faults, ...adapterFaults(rank, entries)] };
}

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** Those that an index names, and those that are there. */
async function listShards(folder: string): Promise<string[]> {
  const there = (await readdir(folder)).filter((name) => name.endsWith(".safetensors") && !name.startsWith("adapter_"));
  if (there.includes("model.safetensors")) return ["model.safetensors"];
  if (!existsSync(join(folder, INDEX))) return there.sort();
  const { weight_map } = await readJson(join(folder, INDEX), indexSchema);
  const named = Object.values(weight_map).filter((name) => basename(name) === name && name.endsWith(".safetensors"));
  return [...new Set(named)].sort();
}

async function readFolder(folder: string, files: readonly string[]) {
  const entries: InspectedTensor[] = [];
  const faults: string[] = [];
  for (const file of files) {
    if (!existsSync(join(folder, file))) faults.push(`${file}: is missing`);
    else {
      const read = await readEntries(folder, file).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        faults.push(error.message);
        return [];
      });
      entries.push(...read);
    }
  }
  if (files.length === 0) faults.push("there is no .safetensors file");
  return { entries, faults };
}

async function readEntries(folder: string, file: string): Promise<InspectedTensor[]> {
  const opened = await openSafetensors(join(folder, file));
  await opened.close();
  return [...opened.entries.values()].map(({ name, dtype, shape, begin, end }) => {
    return { name, dtype, shape, bytes: end - begin, file };
  });
}

/** @throws InputError when no tensor has a name of PaliGemma's: then it is another family, and not a base with faults */
function requireKnown(
  path: string,
  entries: readonly InspectedTensor[],
  nameOf: (name: string) => string | undefined,
): void {
  if (entries.some(({ name }) => nameOf(name) !== undefined)) return;
  const names = few(
    entries.map(({ name }) => name),
    3,
  );
  throw new InputError(`${path}: no tensor has a name of PaliGemma's: ${names || "it has none"}`, {
    hint: "this is a checkpoint of another family, or a file of something else",
  });
}

function summary(path: string, kind: "base" | "adapter", entries: readonly InspectedTensor[]) {
  const groups = new Map<string, InspectedTensor[]>();
  for (const entry of entries) {
    const key = `${partOf(kind, entry.name)} ${entry.dtype}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const names = entries.map(({ name }) => name);
  return {
    ...{ path, kind, entries, ...count(entries) },
    dialect: (kind === "base" ? dialectOfNames(names) : adapterDialect(names)) ?? null,
    groups: [...groups].map(([key, own]): TensorGroup => {
      const [part, dtype] = key.split(" ") as [ModelPart, StoredDType];
      return { part, dtype, ...count(own) };
    }),
  };
}

const count = (entries: readonly InspectedTensor[]) => ({
  tensors: entries.length,
  parameters: entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
});

function partOf(kind: "base" | "adapter", name: string): ModelPart {
  const path = (kind === "base" ? canonicalName(name) : parseAdapterKey(name)?.path) ?? "";
  if (path.startsWith("language_model.")) return "language";
  if (path.startsWith("vision_tower.")) return "vision";
  return path.startsWith("multi_modal_projector.") ? "projector" : "other";
}

function adapterDialect(names: readonly string[]): string | undefined {
  const keys = names.flatMap((name) => {
    const parsed = parseAdapterKey(name);
    return parsed ? [{ name, ...parsed }] : [];
  });
  if (keys.length === 0) return undefined;
  const fits = ADAPTER_DIALECTS.filter((dialect) =>
    keys.every(({ name, path, matrix }) => adapterKey(dialect, path, matrix) === name),
  );
  return fits[0] ?? "mixed";
}

/** What the model declares and the files lack, or have otherwise. */
function weightFaults(parameters: readonly Parameter[], entries: readonly InspectedTensor[]): string[] {
  const declared = parameters.flatMap(storedTensors);
  const found = new Map(entries.map((entry) => [canonicalName(entry.name), entry]));
  const known = new Set<string | undefined>(declared.map(({ name }) => name));
  const missing = declared.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  const unknown = entries.filter(({ name }) => !isRedundantWeight(name) && !known.has(canonicalName(name)));
  const bent = declared.flatMap(({ name, shape }) => {
    const entry = found.get(name);
    return entry && String(entry.shape) !== String(shape) ? [`${entry.name} [${entry.shape}], wanted [${shape}]`] : [];
  });
  return [
    ...fault(`weights that are missing, ${missing.length} of ${declared.length}`, missing),
    ...fault(
      `tensors that are none of this model's, ${unknown.length}`,
      unknown.map(({ name }) => name),
    ),
    ...fault(`weights of another shape, ${bent.length}`, bent),
  ];
}

const fault = (what: string, names: readonly string[]) => (names.length > 0 ? [`${what}: ${few(names, 3)}`] : []);

/** What else who loads it refuses before any number is read: types, a weight that is there twice, an index of other files. */
async function loadingFaults(folder: string, parameters: readonly Parameter[]): Promise<string[]> {
  try {
    await using checkpoint = await openCheckpoint(folder);
    checkpoint.check(parameters);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [error.message];
  }
}

/** Without a preprocessor's file PaliGemma's own values hold. */
function companionFaults(folder: string): string[] {
  return existsSync(join(folder, "tokenizer.json")) ? [] : ["tokenizer.json: is missing"];
}

function adapterFaults(rank: number, entries: readonly InspectedTensor[]): string[] {
  const modules = new Map<string, Partial<Record<"A" | "B", InspectedTensor>>>();
  const unknown: string[] = [];
  for (const entry of entries) {
    const key = parseAdapterKey(entry.name);
    if (!key) unknown.push(entry.name);
    else modules.set(key.path, { ...modules.get(key.path), [key.matrix]: entry });
  }
  const halves = [...modules].filter(([, { A, B }]) => !A || !B).map(([path]) => path);
  const bent = [...modules.values()].flatMap(({ A, B }) => [
    ...(A && A.shape[0] !== rank ? [`${A.name} [${A.shape}]`] : []),
    ...(B && B.shape[1] !== rank ? [`${B.name} [${B.shape}]`] : []),
  ]);
  return [
    ...fault(`tensors that are no part of an adapter, ${unknown.length}`, unknown),
    ...fault(`modules with only one of two matrices, ${halves.length}`, halves),
    ...fault(`matrices that are not of rank ${rank}, ${bent.length}`, bent),
  ];
}
