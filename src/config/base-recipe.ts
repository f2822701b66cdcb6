import { z } from "zod";
import { questions } from "./data-schema.ts";
import { checkYaml } from "./load.ts";

const seed = () => z.int().min(0).max(0xffff_ffff).default(0);

const RecipeSchema = z.strictObject({
  init: z
    .strictObject({
      seed: seed().describe("seed of the first weights"),
      range: z.number().positive().default(0.02).describe("standard deviation of the language model's matrices"),
    })
    .prefault({}),
  pictures: z.strictObject({
    random: z.int().min(1).max(10_000_000).describe("labels to draw, of random quantities"),
    seed: seed().describe("seed of what is drawn"),
  }),
  questions,
  stages: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, { error: "must be a name of small letters, digits and '-'" }),
      z.looseObject({ data: z.looseObject({ train: z.enum(["pictures", "questions"]) }) }),
    )
    .refine((stages) => Object.keys(stages).length > 0, { error: "must hold a stage" })
    .describe("training runs, one after the other; data.train names what they learn from, the rest is as in any run"),
});

/** How a base is made from nothing: first weights, drawn labels, questions about them, and training in stages. */
export type BaseRecipe = z.output<typeof RecipeSchema>;

/** Reads a `recipe.yaml`. @throws InputError which lists every fault with its place; a stage is checked when it begins */
export function readBaseRecipe(file: string): BaseRecipe {
  return checkYaml(RecipeSchema, file, 'an example is "checkpoints/nano/recipe.yaml"');
}
