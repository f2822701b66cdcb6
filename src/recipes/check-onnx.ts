import { outcomeOf } from "../challenge/score.ts";
import { BadRowError } from "../data/bad-rows.ts";
import { normalisePixels, type PixelReader } from "../data/pixels.ts";
import type { TokenizedSample } from "../data/tokenize.ts";
import { type Asked, largestLogitError } from "../infer/compare-readers.ts";
import { onnxReader } from "../infer/onnx-reader.ts";
import type { Reader } from "../infer/reader.ts";
import type { OnnxDtype } from "../model/onnx-layout.ts";
import { InputError } from "../util/errors.ts";
import { endIfStopped } from "../util/whole-folder.ts";
import { type Answerer, answerWith, type openRunAnswerer } from "./answerer.ts";
import type { Base } from "./base.ts";
import { fileOfSplit, readRows, type Watch } from "./rows.ts";
import { openPhotographs } from "./steps.ts";

/** How the files of one type compare with the engine that they were written from. */
export interface OnnxCheck {
  readonly dtype: OnnxDtype;
  /** Largest difference of a logit along the engine's answers, relative to the largest logit. */
  readonly logit_error: number;
  /** Rows that were answered. */
  readonly rows: number;
  /** Share of rows with the very answer of the engine. */
  readonly same: number;
  /** Share of rows with the right answer. */
  readonly right: number;
  /** The same of the engine. */
  readonly engine_right: number;
}

/** Rows whose logits are compared; answers are of all. */
const LOGIT_ROWS = 16;

type Opened = Awaited<ReturnType<typeof openRunAnswerer>>;

export interface OnnxCheckOptions extends Watch {
  readonly dtypes: readonly OnnxDtype[];
  /** To answer. */
  readonly rows: readonly TokenizedSample[];
}

/**
 * Answers rows with written files and with the engine.
 * @throws InterruptedError when the signal ended it, between two batches of rows
 */
export async function checkOnnx(
  folder: string,
  { config, base, answerer, reader }: Opened,
  { dtypes, rows: samples, observer, signal }: OnnxCheckOptions,
): Promise<OnnxCheck[]> {
  if (samples.length === 0) return [];
  const expected = await textsOf(answerer, samples, signal);
  const fromPixels = { ...config, data: { ...config.data, features: null } };
  const { providers, threads } = config.engine;
  const checks: OnnxCheck[] = [];
  for (const dtype of dtypes) {
    observer?.note?.(`${dtype}: answering ${samples.length} rows with the written files`);
    const files = await onnxReader(folder, dtype, base.model.config, { providers: [...providers], threads });
    const answers = answerWith(fromPixels, base, { with: () => files, release: files.release });
    try {
      const texts = await textsOf(answers, samples, signal);
      const compared = samples.slice(0, LOGIT_ROWS);
      checks.push({
        dtype,
        logit_error: await compareLogits(reader, files, compared, { config: fromPixels, base }, signal),
        rows: texts.size,
        same: share(texts, (text, sample) => text === expected.get(sample)),
        right: share(texts, isRight),
        engine_right: share(expected, isRight),
      });
    } finally {
      await answers.release();
    }
  }
  return checks;
}

const isRight = (text: string, { value }: TokenizedSample) => outcomeOf(text, value) === "tp";

/**
 * The first `most` rows of validation, or of training where there is none.
 * @throws InputError when they or their photographs are not there
 */
export async function rowsToCheck(
  { config, base }: Pick<Opened, "config" | "base">,
  most: number,
  watch: Watch,
): Promise<readonly TokenizedSample[]> {
  if (most === 0) return [];
  const file = fileOfSplit(config.data.val === null ? "train" : "val", config);
  const { samples } = await readRows(file, config, base, true, watch).catch((cause: unknown) => {
    if (!(cause instanceof InputError)) throw cause;
    const hint = [cause.hint, "--check 0 exports without a check"].filter((text) => text !== undefined).join("; or: ");
    throw new InputError(cause.message, { hint, cause });
  });
  return samples.slice(0, most);
}

async function textsOf(answerer: Answerer, samples: readonly TokenizedSample[], signal: AbortSignal | undefined) {
  const texts = new Map<TokenizedSample, string>();
  for await (const rows of answerer.answer(samples)) {
    for (const { sample, text } of rows) texts.set(sample, text);
    endIfStopped(signal);
  }
  return texts;
}

function share(
  texts: ReadonlyMap<TokenizedSample, string>,
  holds: (text: string, sample: TokenizedSample) => boolean,
): number {
  const found = [...texts].filter(([sample, text]) => holds(text, sample));
  return texts.size === 0 ? 0 : found.length / texts.size;
}

async function compareLogits(
  engine: Reader,
  files: Reader,
  samples: readonly TokenizedSample[],
  { config, base }: Pick<Opened, "config" | "base">,
  signal: AbortSignal | undefined,
): Promise<number> {
  const photographs = openPhotographs(config, base);
  try {
    return await largestLogitError(engine, files, ask(samples, photographs.reader, base, signal), {
      ...{ eosId: base.tokenizer.eosId, maxTokens: config.eval.max_new_tokens },
    });
  } finally {
    await photographs.close();
  }
}

async function* ask(
  samples: readonly TokenizedSample[],
  reader: PixelReader,
  { model }: Base,
  signal: AbortSignal | undefined,
): AsyncGenerator<Asked> {
  for (const { imagePath, prefix } of samples) {
    endIfStopped(signal);
    const image = await reader.read(imagePath).catch((error: unknown) => {
      if (error instanceof BadRowError) return undefined;
      throw error;
    });
    if (image) yield { pixels: normalisePixels([image], model.preprocessor), prompt: Int32Array.from(prefix) };
  }
}
