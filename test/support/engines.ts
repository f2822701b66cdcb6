import { findTensorflow } from "../../src/engine/tfjs/tensorflow-home.ts";
import { type TfjsEngine, tfjsEngine } from "../../src/engine/tfjs/tfjs.ts";

export const TFJS_BACKENDS = ["tensorflow", "wasm", "cpu"] as const;
export type TfjsBackend = (typeof TFJS_BACKENDS)[number];

/** Why a backend cannot be tried here; null when it can. */
export const whyNot = (backend: TfjsBackend): string | null =>
  backend === "tensorflow" && !findTensorflow() ? "TensorFlow is not installed: amlc setup tensorflow" : null;

export const openTfjs = (backend: TfjsBackend): Promise<TfjsEngine> => tfjsEngine({ backend });
