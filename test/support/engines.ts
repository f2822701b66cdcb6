import { beforeAll, beforeEach, describe } from "vitest";
import { findTensorflow } from "../../src/engine/tfjs/tensorflow-home.ts";
import { type TfjsEngine, tfjsEngine } from "../../src/engine/tfjs/tfjs.ts";

export const TFJS_BACKENDS = ["tensorflow", "wasm", "cpu"] as const;
export type TfjsBackend = (typeof TFJS_BACKENDS)[number];

/** Why a backend cannot be tried here; null when it can. */
export const whyNot = (backend: TfjsBackend): string | null =>
  backend === "tensorflow" && !findTensorflow() ? "TensorFlow is not installed: amlc setup tensorflow" : null;

export const openTfjs = (backend: TfjsBackend): Promise<TfjsEngine> => tfjsEngine({ backend });

/** The same tests on each backend; they are skipped, with the reason, where it cannot be tried. */
export function describeBackends(tests: (engine: () => TfjsEngine) => void): void {
  describe.each(TFJS_BACKENDS)("%s", (backend) => {
    let engine: TfjsEngine;
    beforeAll(async () => {
      if (!whyNot(backend)) engine = await openTfjs(backend);
    });
    beforeEach(({ skip }) => {
      const reason = whyNot(backend);
      if (reason) skip(reason);
    });
    tests(() => engine);
  });
}
