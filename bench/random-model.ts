import { f32ToF16 } from "../src/formats/half.ts";
import { INT8_WEIGHT_LIMIT } from "../src/graph/ops/index.ts";
import type { Int8Pieces, PaliGemmaConfig } from "../src/model/config.ts";
import { parametersOf } from "../src/model/lora.ts";
import type { Model } from "../src/model/model.ts";
import { paligemmaParameters } from "../src/model/paligemma.ts";
import { loadedTensors } from "../src/model/weight-blocks.ts";
import { random } from "../src/util/random.ts";
import { sizeOf, type Tensor, tensor } from "../src/util/tensor.ts";

interface Size {
  readonly image: number;
  /** Width, layers, heads, MLP. */
  readonly vision: readonly [number, number, number, number];
  /** Width, layers, heads, key heads, head size, MLP. */
  readonly text: readonly [number, number, number, number, number, number];
  readonly vocabulary: number;
}

/** As bench/peers/torch_lora.py names them. */
export const SIZES = {
  nano: { image: 224, vision: [192, 6, 3, 768], text: [256, 6, 4, 1, 64, 1024], vocabulary: 1024 },
  "300m": { image: 224, vision: [768, 12, 12, 3072], text: [1024, 8, 4, 1, 256, 4096], vocabulary: 65_536 },
  "3b-224": { image: 224, vision: [1152, 27, 16, 4304], text: [2048, 18, 8, 1, 256, 16_384], vocabulary: 257_152 },
  "3b-448": { image: 448, vision: [1152, 27, 16, 4304], text: [2048, 18, 8, 1, 256, 16_384], vocabulary: 257_152 },
} as const satisfies Record<string, Size>;
export type SizeName = keyof typeof SIZES;

export interface SizeChange {
  /** Layers of the language model. */
  readonly layers?: number;
  readonly visionLayers?: number;
  /** Of a base in blocks. */
  readonly bits?: 4 | 8;
  /** Matrices in whole numbers, as engine.weights: int8 and int8x2 have them. */
  readonly int8?: Int8Pieces;
}

export function configOf(name: SizeName, { layers, visionLayers, bits, int8 }: SizeChange = {}): PaliGemmaConfig {
  const { image, vision, text, vocabulary }: Size = SIZES[name];
  return {
    vision: {
      hiddenSize: vision[0],
      numLayers: visionLayers ?? vision[1],
      numHeads: vision[2],
      intermediateSize: vision[3],
      imageSize: image,
      patchSize: 14,
      layerNormEps: 1e-6,
    },
    text: {
      hiddenSize: text[0],
      numLayers: layers ?? text[1],
      numHeads: text[2],
      numKvHeads: text[3],
      headDim: text[4],
      intermediateSize: text[5],
      vocabSize: vocabulary + 64,
      rmsNormEps: 1e-6,
      ropeTheta: 10_000,
      maxPositions: 8192,
    },
    ...(bits && { blocks: { bits, block: bits === 8 ? 64 : 32 } }),
    ...(int8 && { int8 }),
    imageTokenId: vocabulary,
    padTokenId: 0,
    bosTokenId: 2,
    eosTokenId: 1,
  };
}

const RANGE = 0.02;

/** Numbers of ±0.02 in so many bits, around the one that stands for 0: as many below it as above, or activations run away. */
const inBits = (number: number, bits: 4 | 8) => {
  const zero = 2 ** (bits - 1);
  return zero + Math.round((zero - 1) * (number / RANGE));
};
const bytesOf = (drawn: Float32Array) => Uint8Array.from(drawn, (number) => inBits(number, 8));
const pairsOf = (drawn: Float32Array) =>
  Uint8Array.from(drawn, (number, i) => inBits(number, 4) | (inBits(drawn[drawn.length - 1 - i]!, 4) << 4));

/** A PaliGemma of a size, its numbers uniform in ±0.02: a million drawn ones, again and again; in blocks of few bits if wanted. */
export function randomModel(name: SizeName, dtype: "f32" | "f16", change: SizeChange = {}): Model {
  const config = configOf(name, change);
  const generator = random(0, "weights");
  const drawn = Float32Array.from({ length: 1_000_003 }, () => (generator.uniform() * 2 - 1) * RANGE);
  const numbers = dtype === "f16" ? f32ToF16(drawn) : drawn;
  const bytes = { 8: bytesOf(drawn), 4: pairsOf(drawn) };
  const whole = Int8Array.from(drawn, (number) => Math.round((INT8_WEIGHT_LIMIT * number) / RANGE));
  const weights = parametersOf(paligemmaParameters(config)).flatMap((parameter) =>
    loadedTensors(parameter).map(({ name, shape, kind }): [string, Tensor] => {
      const size = sizeOf(shape);
      if (kind === "packed")
        return [name, tensor("u8", shape, repeat(bytes[parameter.blocks!.bits], new Uint8Array(size)))];
      if (kind === "scales") {
        const scale = RANGE / (parameter.blocks ? 2 ** (parameter.blocks.bits - 1) : INT8_WEIGHT_LIMIT);
        return [name, tensor("f32", shape, new Float32Array(size).fill(scale))];
      }
      if (kind === "int8") return [name, tensor("i8", shape, repeat(whole, new Int8Array(size)))];
      const data = dtype === "f16" ? new Uint16Array(size) : new Float32Array(size);
      return [name, tensor(dtype, shape, shape.length > 1 ? repeat(numbers, data) : data)];
    }),
  );
  const preprocessor = {
    imageSize: config.vision.imageSize,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    rescaleFactor: 1 / 255,
    resample: "bicubic",
  } as const;
  return { folder: name, config, preprocessor, dtype, weights: Object.fromEntries(weights), sample: name };
}

/** Fills an array with the same numbers again and again. */
function repeat<A extends Int8Array | Uint8Array | Uint16Array | Float32Array>(
  numbers: Int8Array | Uint8Array | Uint16Array | Float32Array,
  into: A,
): A {
  for (let done = 0; done < into.length; done += numbers.length)
    into.set(numbers.subarray(0, into.length - done), done);
  return into;
}
