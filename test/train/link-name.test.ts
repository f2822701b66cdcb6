import { expect, test } from "vitest";
import { linkName } from "../../src/train/link-name.ts";
import { lossChain } from "../../src/train/loss-graph.ts";
import { loadGolden } from "../support/goldens.ts";

test("the links of a loss are named as a person would name them", async () => {
  const { model, lora } = await loadGolden("tiny");
  const shape = { rows: 1, text: 16, answer: 4 };
  const namesOf = (image: "pixels" | "features") =>
    lossChain(model.config, { ...shape, image }, "f32", lora).map(linkName);
  const language = ["language layer 0", "language layer 1", "logits and loss"];
  expect(namesOf("pixels")).toEqual(["embeddings", "vision layer 0", "vision layer 1", "projector", ...language]);
  expect(namesOf("features")).toEqual(["embeddings", ...language]);
});
