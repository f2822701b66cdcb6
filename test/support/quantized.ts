import { type BlockLayout, dequantizeBlocks } from "../../src/formats/blockwise.ts";
import { parametersOf } from "../../src/model/lora.ts";
import type { Model } from "../../src/model/model.ts";
import { paligemmaParameters } from "../../src/model/paligemma.ts";
import { quantizeWeight } from "../../src/model/quantize-weight.ts";
import { storedTensors } from "../../src/model/weight-blocks.ts";
import { type Tensor, tensor } from "../../src/util/tensor.ts";

/** A model in few bits, and one whose float32 weights are the numbers that its blocks stand for. */
export async function inFewBits(model: Model, blocks: BlockLayout): Promise<{ quantized: Model; widened: Model }> {
  const config = { ...model.config, blocks };
  const kept: Record<string, Tensor> = {};
  const numbers: Record<string, Tensor> = {};
  for (const parameter of parametersOf(paligemmaParameters(config))) {
    const { name, shape, blocks: layout } = parameter;
    const weight = model.weights[name] as Tensor<"f32">;
    if (!layout) {
      kept[name] = weight;
      numbers[name] = weight;
      continue;
    }
    const found = await quantizeWeight(weight, layout);
    const [packed, scales] = storedTensors(parameter);
    kept[packed!.name] = tensor("u8", packed!.shape, found.packed);
    kept[scales!.name] = tensor("f32", scales!.shape, found.scales);
    numbers[name] = dequantizeBlocks(found, shape as [number, number], layout);
  }
  return { quantized: { ...model, config, weights: kept }, widened: { ...model, weights: numbers } };
}
