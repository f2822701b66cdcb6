import { existsSync } from "node:fs";
import { resolveAsset } from "../config/presets.ts";
import type { BlockLayout } from "../formats/blockwise.ts";
import type { NumberFormat } from "../formats/safetensors-stream.ts";
import { type Checkpoint, openCheckpoint } from "../model/checkpoint.ts";
import { CONFIG, encodeConfig, readCompanions, refuseModel, writeCompanions } from "../model/companions.ts";
import type { Parameter } from "../model/layers.ts";
import { parametersOf } from "../model/lora.ts";
import { requirePaligemma } from "../model/model-family.ts";
import { isOfImages, paligemmaParameters } from "../model/paligemma.ts";
import { type QuantizedWeight, quantizeWeight } from "../model/quantize-weight.ts";
import { BLOCKS_METHOD, type StoredTensor, storedTensors } from "../model/weight-blocks.ts";
import { writeMixedShards } from "../model/write-shards.ts";
import { InputError } from "../util/errors.ts";
import { requireFreeDisk } from "../util/free-disk.ts";
import { bytesOf, sizeOf, type Tensor } from "../util/tensor.ts";
import { endIfStopped, writeWholeFolder } from "../util/whole-folder.ts";

export interface QuantizeModelOptions {
  /** Hugging Face folder of a base. */
  readonly folder: string;
  readonly output: string;
  readonly bits: BlockLayout["bits"];
  /** Columns that share a scale; by default what {@link DEFAULT_BLOCKS} says. */
  readonly block?: number;
  /** Bytes of a file of weights at most, but for a single tensor that is larger. */
  readonly shardBytes?: number;
  /** Told of the bytes of weights that are made, of all. */
  readonly onWritten?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Layers of one kind, and how far their weights are from what they were. */
export interface QuantizedKind {
  readonly part: "vision" | "projector" | "language";
  /** Name of the module, such as `q_proj`. */
  readonly kind: string;
  readonly bits: BlockLayout["bits"];
  readonly parameters: number;
  /** √(Σ(w − ŵ)² / Σw²). */
  readonly error: number;
}

export interface QuantizeModelReport {
  readonly folder: string;
  readonly bits: BlockLayout["bits"];
  readonly block: number;
  readonly parameters: number;
  /** Of all weights. */
  readonly bytes: number;
  /** Of their bytes in half precision. */
  readonly share: number;
  readonly kinds: readonly QuantizedKind[];
  readonly files: readonly string[];
}

/** Blocks of 32 instead of 128 save a sixth of the error that 4 bits make; with 8 there is little to be saved. */
export const DEFAULT_BLOCKS: Readonly<Record<BlockLayout["bits"], number>> = { 8: 64, 4: 32 };

const SHARD_BYTES = 2 ** 30;

/**
 * Writes a base with the matrices of its linear layers in blocks of 8 or 4 bits and its table of embeddings in 8; all else as it
 * was. One weight at a time is in memory, and the folder appears when all is there.
 * @throws InputError when the folder is no whole base of PaliGemma or is quantised already, something stands at `output`, or the
 * disk has no room; InterruptedError
 */
export async function quantizeModel(options: QuantizeModelOptions): Promise<QuantizeModelReport> {
  const { output, bits, block = DEFAULT_BLOCKS[bits], shardBytes = SHARD_BYTES, onWritten, signal } = options;
  const folder = resolveAsset(options.folder);
  if (existsSync(folder)) await requirePaligemma(folder);
  await using checkpoint = await openCheckpoint(folder);
  const { config } = checkpoint;
  if (config.blocks) {
    throw new InputError(`${folder}: is in ${config.blocks.bits} bits already`, {
      hint: "name the base that it was made from",
    });
  }
  refuseModel(output);
  checkpoint.check(parametersOf(paligemmaParameters(config)));
  const parameters = parametersOf(paligemmaParameters({ ...config, blocks: { bits, block } }));
  const planned = inOrder(parameters, checkpoint);
  const total = bytesOfAll(planned);
  await requireFreeDisk(output, total);

  let done = 0;
  const advance = (bytes: number) => {
    endIfStopped(signal);
    done += bytes;
    onWritten?.(done, total);
  };
  const kinds = tallyKinds();
  const source = quantizedTensors(checkpoint, advance, kinds.add);
  const files = await writeWholeFolder(output, CONFIG, async (fresh) => {
    const formatOf = ({ format }: Planned) => format;
    const shards = await writeMixedShards(fresh, planned, { shardBytes, formatOf, bytesOf: source });
    const companions = await readCompanions(folder);
    const quantization = { quant_method: BLOCKS_METHOD, bits, block };
    const names = await writeCompanions({ ...companions, [CONFIG]: withQuantization(companions, quantization) }, fresh);
    return [...shards, ...names];
  });
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const share = total / (2 * numbers);
  return { folder: output, bits, block, parameters: numbers, bytes: total, share, kinds: kinds.all(), files };
}

function withQuantization(companions: Readonly<Record<string, Uint8Array>>, quantization: object): Uint8Array {
  const config = JSON.parse(Buffer.from(companions[CONFIG]!).toString("utf8")) as object;
  return encodeConfig({ ...config, quantization_config: quantization });
}

/** A tensor of the files to come, and the weight that it is made of. */
interface Planned extends StoredTensor {
  readonly of: Parameter;
  readonly format: NumberFormat;
}

const FORMATS = {
  packed: { dtype: "U8", width: 1 },
  scales: { dtype: "F32", width: 4 },
  f16: { dtype: "F16", width: 2 },
  f32: { dtype: "F32", width: 4 },
} as const;

/** Blocks first, whose sizes are multiples of 16 bytes: whatever comes behind them is aligned. */
function inOrder(parameters: readonly Parameter[], checkpoint: Checkpoint): Planned[] {
  const isInBlocks = ({ blocks }: Parameter) => Number(blocks !== undefined);
  return parameters
    .toSorted((a, b) => isInBlocks(b) - isInBlocks(a))
    .flatMap((of) =>
      storedTensors(of).map((stored) => ({
        ...stored,
        of,
        format: FORMATS[stored.kind === "numbers" ? ownType(checkpoint, of) : stored.kind],
      })),
    );
}

/** Halves stay halves; all other floats go into float32, which has every number of bfloat16. */
const ownType = (checkpoint: Checkpoint, { name }: Parameter) => (checkpoint.typeOf(name) === "F16" ? "f16" : "f32");

const bytesOfAll = (planned: readonly Planned[]) =>
  planned.reduce((sum, { shape, format }) => sum + format.width * sizeOf(shape), 0);

/** A tensor's bytes when its turn has come: the scales of a weight are made with its packed numbers, just before them. */
function quantizedTensors(
  checkpoint: Checkpoint,
  advance: (bytes: number) => void,
  tell: (weight: Parameter, found: QuantizedWeight) => void,
) {
  let last: QuantizedWeight | undefined;
  return async ({ kind, of }: Planned): Promise<Uint8Array> => {
    const { name, shape, blocks } = of;
    if (kind === "scales") return bytesOf(last!.scales);
    const numbers = await checkpoint.read(name, shape, ownType(checkpoint, of));
    if (!blocks) {
      const bytes = bytesOf(numbers.data);
      advance(bytes.length);
      return bytes;
    }
    last = await quantizeWeight(numbers as Tensor<"f32"> | Tensor<"f16">, blocks, advance);
    tell(of, last);
    return last.packed;
  };
}

function tallyKinds() {
  const sums = new Map<string, Omit<QuantizedKind, "error"> & { weight: number; wrong: number }>();
  return {
    add({ name, shape, blocks }: Parameter, { squares }: QuantizedWeight): void {
      const part = !isOfImages(name) ? "language" : name.startsWith("multi_modal") ? "projector" : "vision";
      const kind = name.split(".").at(-2)!;
      const key = `${part} ${kind}`;
      const before = sums.get(key) ?? { part, kind, bits: blocks!.bits, parameters: 0, weight: 0, wrong: 0 };
      sums.set(key, {
        ...before,
        parameters: before.parameters + sizeOf(shape),
        weight: before.weight + squares.weight,
        wrong: before.wrong + squares.error,
      });
    },
    all: (): QuantizedKind[] =>
      [...sums.values()].map(({ weight, wrong, ...about }) => ({
        ...about,
        error: weight === 0 ? 0 : Math.sqrt(wrong / weight),
      })),
  };
}
