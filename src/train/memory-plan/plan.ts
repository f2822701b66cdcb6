import { type Bytes, type Course, type Flops, type Moment, NO_BYTES, totalBytes } from "../../engine/memory-kinds.ts";
import { byteSize } from "../../graph/cost.ts";
import { initCharacterHead } from "../../model/character-head.ts";
import type { PaliGemmaConfig } from "../../model/config.ts";
import { type LoraBinding, parametersOf } from "../../model/lora.ts";
import { isOfImages, paligemmaParameters } from "../../model/paligemma.ts";
import { loadedBytes, loadedTensors } from "../../model/weight-blocks.ts";
import { sizeOf } from "../../util/tensor.ts";
import { type BatchShape, lossChain, lossGraph, type Objective } from "../loss-graph.ts";
import { chooseKept, choosePrograms, type Residuals } from "../residuals.ts";
import { layOutAdapter } from "../trained.ts";
import { layeredCourse } from "./layers.ts";
import { noiseBytes, type PlannedEngine } from "./program-memory.ts";
import { wholeCourse } from "./whole.ts";

/** What a training step's memory follows from. No weight is needed. */
export interface PlannedStep {
  readonly model: PaliGemmaConfig;
  /** Of weights that are not in blocks. */
  readonly dtype: "f32" | "f16";
  readonly tune: "lora" | "all" | "vision";
  /** Of `tune: lora`. */
  readonly lora: LoraBinding | undefined;
  readonly objective: Objective;
  readonly shape: BatchShape;
  readonly engine: PlannedEngine;
  readonly programs: "auto" | "whole" | "layers";
  readonly residuals: Residuals;
  /** Bytes that there are, for residuals: auto. */
  readonly memory: number;
  /** What is in the process beside the step. */
  readonly beside: Beside;
}

/** What a process that trains has beside the steps. */
export interface Beside {
  /** Batches that wait: the others of the step, and those that are read ahead. */
  readonly ahead: number;
  /** Bytes of photographs that are kept decoded. */
  readonly cache: number;
  /** Threads that decode photographs. */
  readonly threads: number;
  /** Whether it is the command itself, with a tokenizer and all else that it loads. */
  readonly tokenizer: boolean;
}

export interface MemoryPlan {
  readonly programs: "whole" | "layers";
  /** Layers of which the way back finds what it reads, of all that it goes through; null: one program decides. */
  readonly kept: { readonly layers: number; readonly of: number } | null;
  readonly moments: readonly Moment[];
  /** At the moment at which the most is taken. */
  readonly peak: Bytes;
  readonly peak_bytes: number;
  /** Of a micro-batch. */
  readonly flops: Flops;
  readonly parameters: number;
  readonly trainable: number;
}

/** How much memory the steps of a training run take, and how many operations a micro-batch. */
export function planMemory(step: PlannedStep): MemoryPlan {
  const { model, dtype, lora, shape, engine, objective } = step;
  const programs = choosePrograms(
    step.programs,
    { readsInPlace: engine.name === "ort" && engine.onHost },
    model,
    objective,
  );
  const trained = trainedTypes(step);
  const wrt = trained.map(({ name }) => name);
  const vocabulary = model.text.vocabSize;
  const parameters = parametersOf(paligemmaParameters(model)).reduce((sum, { shape: s }) => sum + sizeOf(s), 0);
  const sizes = { programs, parameters, trainable: countTrained(step) };
  if (programs === "whole") {
    const options = {
      wrt,
      objective,
      differentiation: engine.products === "fp16" && dtype === "f16" ? "scaled gradient" : "gradient",
    } as const;
    const plain = lossGraph(model, shape, dtype, lora, options);
    const isAgain = step.residuals === "recompute";
    const graph = isAgain ? lossGraph(model, shape, dtype, lora, { ...options, recompute: true }) : plain;
    const standing = standingBytes(step, trained, noiseBytes(graph));
    return { ...sizes, kept: null, ...atPeak(wholeCourse({ graph, plain, vocabulary }, engine, standing)) };
  }
  const chain = lossChain(model, shape, dtype, lora, { wrt, answers: objective.answers });
  const standing = standingBytes(step, trained, 0); // each program is fed noise of its own
  const keeps = chooseKept(chain, step.residuals, engine, step.memory - totalBytes(standing));
  const course = layeredCourse(chain, keeps, engine, standing, vocabulary);
  const back = chain.filter(({ backward }) => backward);
  return {
    ...sizes,
    kept: { layers: back.filter((link) => keeps.has(link)).length, of: back.length },
    ...atPeak(course),
  };
}

function atPeak({ moments, flops, buffers }: Course): Pick<MemoryPlan, "moments" | "flops" | "peak" | "peak_bytes"> {
  const most = Math.max(...moments.map(({ bytes }) => totalBytes(bytes)));
  // Where memory is held all the time, the moment at which most of it is in use says what it is for.
  const highest = moments.filter(({ bytes }) => totalBytes(bytes) > most - 1);
  const { bytes } = highest.reduce((a, b) => (b.bytes.waiting < a.bytes.waiting ? b : a));
  const free = buffers === undefined ? 0 : Math.max(0, buffers - bytes.residuals); // they were residuals' at their most
  const peak = { ...bytes, residuals: bytes.residuals + free, waiting: bytes.waiting - free };
  return { moments, flops, peak, peak_bytes: most };
}

/** How many numbers are trained. */
export const countTrained = (step: PlannedStep): number =>
  trainedTypes(step).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

interface TrainedType {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What is trained, as trained.ts lays it out. */
function trainedTypes({ model, tune, lora, objective }: PlannedStep): readonly TrainedType[] {
  if (lora) return layOutAdapter(lora.modules, lora.rank).places;
  const head = objective.characters > 0 ? Object.entries(initCharacterHead(model, 0)) : [];
  return [
    ...parametersOf(paligemmaParameters(model)).filter(({ name }) => tune === "all" || isOfImages(name)),
    ...head.map(([name, { shape }]) => ({ name, shape })),
  ];
}

const MEBI = 2 ** 20;

/** Resident memory of Node and of an engine's libraries, threads and first program; measured here (docs/plan.md). */
const PROCESS = 90 * MEBI;
const LIBRARIES = { ort: 32 * MEBI, tfjs: 250 * MEBI, reference: 0 } as const;
/** A CUDA context with the libraries for products; NVIDIA's tools show 400 to 700 MB before anything is computed. */
const DEVICE_CONTEXT = 600 * MEBI;
/** A thread that decodes photographs: its own JavaScript engine, and libvips. */
const IMAGE_THREAD = 65 * MEBI;
/** What else a command that trains has: itself, its configuration, tables, the run. */
const JOB = 90 * MEBI;
/** A token of a vocabulary in the tables of a tokenizer. */
const TOKEN = 500;

/**
 * What lies in memory beside programs and what goes between them.
 * @param noise bytes that dropout draws for a program: they go when it has run
 */
function standingBytes(step: PlannedStep, trained: readonly TrainedType[], noise: number): Bytes {
  const { model, engine, beside } = step;
  const weights = weightBytes(step);
  const vector = 4 * trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const batch = fedBytes(step, trained);
  if (!engine.onHost) return { ...NO_BYTES, process: DEVICE_CONTEXT, weights, adapters: vector, images: batch + noise };
  const job = beside.tokenizer ? JOB + TOKEN * model.text.vocabSize : 0;
  const isCopied = engine.name === "tfjs"; // what is bound is uploaded, also where the device is this machine
  return {
    ...NO_BYTES,
    process: PROCESS + LIBRARIES[engine.name] + beside.threads * IMAGE_THREAD + job,
    weights: (isCopied ? 2 : 1) * weights + (engine.name === "reference" ? 4 * weights : 0),
    adapters: 4 * vector, // what training starts from, its values, the gradient and that of a micro-batch
    optimizer: 2 * vector,
    images: (1 + beside.ahead) * batch + noise + (isCopied ? batch + noise : 0) + beside.cache,
  };
}

/** Bytes of the base: the one place where weights are counted. */
export function weightBytes({ model, dtype }: Pick<PlannedStep, "model" | "dtype">): number {
  return loadedBytes(parametersOf(paligemmaParameters(model)), dtype);
}

/** Bytes of a micro-batch: photographs and tokens. */
function fedBytes({ model, shape, dtype, lora, objective }: PlannedStep, trained: readonly TrainedType[]): number {
  const { inputs } = lossGraph(model, shape, dtype, lora && { ...lora, dropout: 0 }, {
    differentiation: "none",
    objective,
  });
  const loaded = parametersOf(paligemmaParameters(model)).flatMap(loadedTensors);
  const others = new Set([...loaded, ...trained].map(({ name }) => name));
  return [...inputs].reduce((sum, [name, type]) => sum + (others.has(name) ? 0 : byteSize(type)), 0);
}
