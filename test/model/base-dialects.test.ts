import { expect, test } from "vitest";
import { BASE_DIALECTS, dialectOfNames } from "../../src/model/base-dialects.ts";
import { parametersOf } from "../../src/model/lora.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { canonicalName, nameIn } from "../../src/model/weight-names.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";

const names = parametersOf(paligemmaParameters(PALIGEMMA_3B)).map(({ name }) => name);
const ALL = [...BASE_DIALECTS, "transformers>=5.6 in memory"] as const;

test.each(ALL)("a base in the names of %s is known as such, and each name leads back to the hub's", (dialect) => {
  const own = names.map((name) => nameIn(dialect, name));
  expect(dialectOfNames(own)).toBe(dialect);
  expect(own.map(canonicalName)).toEqual(names);
});

test("a tied output matrix says nothing of the dialect", () => {
  expect(dialectOfNames([...names, "lm_head.weight"])).toBe("hub");
});

test("names of two releases are mixed, and those of another family are none", () => {
  const half = names.map((name, i) => (i % 2 ? name : nameIn("transformers>=4.52", name)));
  expect(dialectOfNames(half)).toBe("mixed");
  expect(dialectOfNames(["model.layers.0.self_attn.q_proj.weight"])).toBeUndefined();
});
