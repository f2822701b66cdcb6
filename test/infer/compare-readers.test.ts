import { expect, test } from "vitest";
import { ortEngine } from "../../src/engine/ort/ort.ts";
import { largestLogitError } from "../../src/infer/compare-readers.ts";
import { graphReader } from "../../src/infer/graph-reader.ts";
import type { Reader } from "../../src/infer/reader.ts";
import { loadGolden } from "../support/goldens.ts";

test("logits are compared along the answers of the first, prompt and every token", async () => {
  const golden = await loadGolden("tiny");
  const graphs = graphReader(ortEngine({ threads: 1 }), golden.model);
  const reader = graphs.with({});
  const { pixels, tokens, prefixLengths } = golden.batch;
  async function* questions() {
    yield { pixels: pixels.slice(0, pixels.length / 3), prompt: tokens.slice(0, prefixLengths[0]) };
  }
  const options = { eosId: golden.model.config.eosTokenId, maxTokens: 3 };
  expect(await largestLogitError(reader, reader, questions(), options)).toBe(0);

  let steps = 0;
  /** Off by its largest logit, at the last step alone. */
  const off: Reader = {
    together: 1,
    look: (images) => reader.look(images),
    async read(prompts, room) {
      const reading = await reader.read(prompts, room);
      return {
        get logits() {
          if (steps < options.maxTokens) return reading.logits;
          const moved = reading.logits.slice();
          moved[0]! += reading.logits.reduce((most, z) => Math.max(most, Math.abs(z)), 0);
          return moved;
        },
        async next(sources, chosen) {
          steps++;
          await reading.next(sources, chosen);
        },
      };
    },
  };
  expect(await largestLogitError(reader, off, questions(), options)).toBeGreaterThan(0.5);
  expect(steps).toBe(3);
  await graphs.release();
});
