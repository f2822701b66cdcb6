import type { Node } from "../graph/node.ts";
import { add, cast, gelu, matmul, reshape, transpose } from "../graph/ops/index.ts";
import { numImageTokens, type SiglipConfig } from "./config.ts";
import {
  attention,
  type Linear,
  linear,
  type Norm,
  type OnLayer,
  type Parameter,
  siglipNorm,
  splitHeads,
} from "./layers.ts";
import { linearAt, normAt, parameterAt } from "./parameters.ts";

export interface SiglipLayer<T> {
  readonly norm1: Norm<T>;
  readonly attention: { readonly q: Linear<T>; readonly k: Linear<T>; readonly v: Linear<T>; readonly out: Linear<T> };
  readonly norm2: Norm<T>;
  readonly mlp: { readonly fc1: Linear<T>; readonly fc2: Linear<T> };
}

export interface Siglip<T> {
  /** The convolution of size and stride P: W [D,3,P,P]. */
  readonly patch: { readonly w: T; readonly bias: T };
  /** One learned vector a patch, row by row: [n,D]. */
  readonly position: T;
  readonly layers: readonly SiglipLayer<T>[];
  readonly postNorm: Norm<T>;
}

export function siglipParameters(c: SiglipConfig, at = "vision_tower.vision_model"): Siglip<Parameter> {
  const { hiddenSize: d, intermediateSize: f, patchSize: p } = c;
  const square = (path: string) => linearAt(path, d, d, { bias: true });
  return {
    patch: {
      w: parameterAt(`${at}.embeddings.patch_embedding.weight`, [d, 3, p, p]),
      bias: parameterAt(`${at}.embeddings.patch_embedding.bias`, [d]),
    },
    position: parameterAt(`${at}.embeddings.position_embedding.weight`, [numImageTokens(c), d]),
    layers: Array.from({ length: c.numLayers }, (_, i) => {
      const layer = `${at}.encoder.layers.${i}`;
      const attn = `${layer}.self_attn`;
      return {
        norm1: normAt(`${layer}.layer_norm1`, d),
        attention: {
          q: square(`${attn}.q_proj`),
          k: square(`${attn}.k_proj`),
          v: square(`${attn}.v_proj`),
          out: square(`${attn}.out_proj`),
        },
        norm2: normAt(`${layer}.layer_norm2`, d),
        mlp: {
          fc1: linearAt(`${layer}.mlp.fc1`, f, d, { bias: true }),
          fc2: linearAt(`${layer}.mlp.fc2`, d, f, { bias: true }),
        },
      };
    }),
    postNorm: normAt(`${at}.post_layernorm`, d),
  };
}

/** SigLIP's image encoder (Zhai et al. 2023): a pre-norm ViT without class token or head. Pixels [B,3,S,S] in −1…1 → [B,n,D]. */
export function siglip(pixels: Node, p: Siglip<Node>, c: SiglipConfig, onLayer?: OnLayer): Node {
  const heads = { numHeads: c.numHeads, numKvHeads: c.numHeads, headDim: c.hiddenSize / c.numHeads };
  let x = add(embedPatches(pixels, p.patch, c), cast(p.position, "f32")); // [B,n,D]
  for (const layer of p.layers) {
    onLayer?.(x);
    const h = siglipNorm(x, layer.norm1, c.layerNormEps);
    const { q, k, v, out } = layer.attention;
    const seen = { k: splitHeads(linear(h, k), heads), v: splitHeads(linear(h, v), heads) };
    x = add(x, linear(attention(linear(h, q), seen, heads), out));
    const m = siglipNorm(x, layer.norm2, c.layerNormEps);
    x = add(x, linear(gelu(linear(m, layer.mlp.fc1)), layer.mlp.fc2));
  }
  onLayer?.(x);
  return siglipNorm(x, p.postNorm, c.layerNormEps);
}

/** A convolution whose stride is its size is one product over flattened patches: [B,3,S,S] → [B,n,D]. */
function embedPatches(
  pixels: Node,
  { w, bias }: Siglip<Node>["patch"],
  { patchSize: p, imageSize, hiddenSize }: SiglipConfig,
): Node {
  const b = pixels.type.shape[0]!;
  const side = imageSize / p;
  const patches = transpose(reshape(pixels, [b, 3, side, p, side, p]), [0, 2, 4, 1, 3, 5]); // [B,row,column,3,P,P]
  const flat = reshape(patches, [b, side * side, 3 * p * p]);
  const kernel = reshape(cast(w, "f32"), [hiddenSize, 3 * p * p]);
  return add(matmul(flat, kernel, { transB: true }), cast(bias, "f32"));
}
