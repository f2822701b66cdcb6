import { f16ToF32 } from "../formats/half.ts";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { type Tensor, tensor } from "../util/tensor.ts";
import { requireFinite } from "./finite.ts";
import type { Adapter } from "./lora.ts";
import { adapterKey, parseAdapterKey } from "./weight-names.ts";

type Matrices = { readonly A?: Tensor<"f32">; readonly B?: Tensor<"f32"> };

/**
 * The tensors of `adapter_model.safetensors`, by module: A [r,in] with B [out,r], fp32 (PEFT computes adapters in fp32
 * whatever they are stored in). @throws InputError naming `path` and the keys that are foreign, alone or of wrong shape.
 */
export function pairMatrices(path: string, tensors: ReadonlyMap<string, Tensor>, rank: number): Adapter {
  const foreign = [...tensors.keys()].filter((key) => parseAdapterKey(key) === undefined);
  if (foreign.length > 0) {
    const example = adapterKey("transformers>=5.6", "language_model.model.layers.0.self_attn.q_proj", "A");
    throw new InputError(
      `${path}: ${foreign.length} of ${tensors.size} keys are no LoRA of PaliGemma: ${few(foreign)}`,
      {
        hint: `keys look like ${example}, or as other releases of transformers write them`,
      },
    );
  }
  const modules = new Map<string, Matrices>();
  for (const [key, stored] of tensors) {
    const { path: module, matrix } = parseAdapterKey(key)!;
    const found = modules.get(module) ?? {};
    if (found[matrix]) throw new InputError(`${path}: ${key}: its module has this matrix twice, in two spellings`);
    modules.set(module, { ...found, [matrix]: toMatrix(`${path}: ${key}`, stored, matrix, rank) });
  }
  return requirePairs(path, modules);
}

function requirePairs(path: string, modules: ReadonlyMap<string, Matrices>): Adapter {
  if (modules.size === 0) throw new InputError(`${path}: holds no adapter`);
  const single = [...modules].filter(([, { A, B }]) => !A || !B).map(([module]) => module);
  if (single.length > 0) throw new InputError(`${path}: modules with only one of lora_A and lora_B: ${few(single)}`);
  return new Map([...modules].map(([module, { A, B }]) => [module, { a: A!, b: B! }]));
}

function toMatrix(where: string, { dtype, shape, data }: Tensor, matrix: "A" | "B", rank: number): Tensor<"f32"> {
  if (shape.length !== 2 || shape[matrix === "A" ? 0 : 1] !== rank) {
    const wanted = matrix === "A" ? `[${rank},in]` : `[out,${rank}]`;
    throw new InputError(`${where}: is [${shape}], but with r ${rank} in adapter_config.json it must be ${wanted}`);
  }
  if (dtype !== "f32" && dtype !== "f16") {
    throw new InputError(`${where}: is of type ${dtype}`, { hint: "save the adapter as float32, float16 or bfloat16" });
  }
  const numbers = dtype === "f16" ? f16ToF32(data as Uint16Array) : (data as Float32Array);
  const weights = tensor("f32", shape, numbers);
  requireFinite(where, weights);
  return weights;
}
