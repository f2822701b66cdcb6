import { z } from "zod";
import { isRegex } from "../config/schema.ts";
import type { Adapter, LoraConfig } from "./lora.ts";
import { only } from "./model-config.ts";
import { type AdapterDialect, modulePathIn } from "./weight-names.ts";

/** Settings of PEFT that say nothing about the arithmetic of the adapter's weights; checked ones stand in the schema. */
const HARMLESS = [
  "auto_mapping",
  "ensure_weight_tying",
  "inference_mode",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "revision",
  "runtime_config",
  "task_type",
];

/** PEFT takes what Python's `re` takes. `\A` and `\Z` compile here too, as letters; a whole path is matched without them. */
const pattern = z.string().refine((text) => isRegex(text) && !/\\[AZ]/.test(text), {
  error: ({ input }) => `is ${JSON.stringify(input)}, which is a regular expression only in Python: list the modules`,
});

const configSchema = z.looseObject({
  peft_type: only("LORA"),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.union([pattern, z.array(z.string())]),
  exclude_modules: z.union([pattern, z.array(z.string())]).nullish(),
  bias: only("none").default("none"),
  use_rslora: z.boolean().default(false),
  // Others (PiSSA, CorDA, LoftQ, …) change the base's weights too.
  init_lora_weights: z.union([z.boolean(), z.enum(["gaussian", "orthogonal", "eva"])]).default(true),
});

/**
 * `adapter_config.json` of PEFT. Every setting beside LoRA's own must be off (null, false, empty), known or not: an
 * adapter computed in another way than it was trained in would be silently wrong.
 */
export const adapterConfigSchema = configSchema
  .superRefine((json, context) => {
    const known = new Set([...Object.keys(configSchema.shape), ...HARMLESS]);
    for (const [key, value] of Object.entries(json)) {
      if (known.has(key) || isOff(value)) continue;
      context.addIssue({ code: "custom", path: [key], message: `is ${JSON.stringify(value)}, which is not supported` });
    }
  })
  .transform((json): { readonly config: LoraConfig; readonly base: string | null } => ({
    config: {
      rank: json.r,
      alpha: json.lora_alpha,
      rslora: json.use_rslora,
      dropout: json.lora_dropout,
      targets: json.target_modules,
      exclude: exclusion(json.exclude_modules ?? null),
    },
    base: json.base_model_name_or_path ?? null,
  }));

function isOff(value: unknown): boolean {
  return value === null || value === false || (typeof value === "object" && Object.keys(value).length === 0);
}

/** A list means whole suffixes, as in `target_modules`. */
function exclusion(modules: string | readonly string[] | null): string | null {
  if (modules === null || typeof modules === "string") return modules;
  if (modules.length === 0) return null;
  return `(?:.*\\.)?(?:${modules.map((name) => name.replaceAll(".", "\\.")).join("|")})`;
}

/**
 * What PEFT must have, and no more: releases before a key was introduced refuse it.
 * Alphabetical, as PEFT writes it, so that equal configurations are equal files.
 */
export function adapterConfigJson(config: LoraConfig, weights: Adapter, base: string | null, dialect: AdapterDialect) {
  return {
    base_model_name_or_path: base,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: config.rank,
    target_modules: targetModules(config, weights, dialect),
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: config.rslora,
  };
}

/** Bare names mean the same in every release; anything else is spelt out, for paths differ from release to release. */
function targetModules({ targets, exclude }: LoraConfig, weights: Adapter, dialect: AdapterDialect) {
  const bare =
    targets === "all-linear" || (typeof targets !== "string" && targets.every((name) => !name.includes(".")));
  if (bare && exclude === null) return targets;
  return [...weights.keys()].map((path) => modulePathIn(dialect, path)).sort();
}
