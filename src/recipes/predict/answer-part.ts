import type { BadRow } from "../../data/bad-rows.ts";
import { loadSamples, type Sample } from "../../data/samples.ts";
import { readTable } from "../../data/table.ts";
import { tokenizeSamples } from "../../data/tokenize.ts";
import { InputError } from "../../util/errors.ts";
import { openRunAnswerer, type RowAnswer } from "../answerer.ts";
import { tokenizeOptions } from "../rows.ts";
import { type AnswerLog, type Entry, type Fault, openAnswerLog } from "./answer-log.ts";
import { imageState, imageStateOf } from "./image-state.ts";
import { lockPart } from "./part-lock.ts";
import { weightsChecksum } from "./plan.ts";

/** What one process is to do: plain data, so that it can be sent to another. */
export interface PartTask {
  /** From 1. */
  readonly part: number;
  /** Folder of the plan, where one process at a time answers a part. */
  readonly work: string;
  /** Rows of the part, and the log of what became of them. */
  readonly table: string;
  readonly log: string;
  /** Of those rows that are to be answered. */
  readonly indices: readonly number[];
  /** What is to be written down of those among them that have no photograph of their own. */
  readonly unowned: readonly Fault[];
  readonly images: string;
  readonly run: string;
  readonly checkpoint: "best" | "last";
  readonly sets: readonly string[];
  /** SHA-256 of the checkpoint's weights: a training beside us may replace it. */
  readonly weights: string;
}

export interface PartWatch {
  /** Told of rows once they are on the disk. */
  readonly onEntries: (entries: readonly Entry[]) => void;
  /** Once aborted, the batch in flight is the last. */
  readonly signal: AbortSignal;
}

/**
 * Answers rows of a part and writes down what becomes of each, batch by batch. @returns whether all of it is done
 * @throws InputError as openRunAnswerer, and when another process is at this part or the checkpoint is another one by now
 */
export async function answerPart(task: PartTask, watch: PartWatch): Promise<"done" | "stopped"> {
  using _lock = await lockPart(task.work, task.part);
  const log = await openAnswerLog(task.log);
  const write = async (entries: readonly Entry[]) => {
    if (entries.length === 0) return;
    await log.append(entries);
    watch.onEntries(entries);
  };
  try {
    const { samples, faults } = await loadRows(task);
    await write([...task.unowned, ...faults]);
    return samples.length === 0 ? "done" : await answerSamples(task, samples, write, watch.signal);
  } finally {
    await log.close();
  }
}

async function answerSamples(
  { run, checkpoint, sets, weights }: PartTask,
  loaded: readonly Sample[],
  write: AnswerLog["append"],
  signal: AbortSignal,
): Promise<"done" | "stopped"> {
  const { answerer, base, config, folder } = await openRunAnswerer({ run, checkpoint, sets });
  try {
    await requireSameWeights(folder, weights);
    const { samples, bad } = tokenizeSamples(loaded, tokenizeOptions(config, base));
    const sampleOf = new Map(loaded.map((sample) => [sample.line, sample]));
    let faults = bad.map(({ line, reason }) => faultOf(sampleOf.get(line)!, reason));
    const takeFaults = async () => {
      const taken = await Promise.all(faults);
      faults = [];
      return taken;
    };
    const onBadRow = ({ reason }: BadRow, sample: Sample) => void faults.push(faultOf(sample, reason));
    for await (const rows of answerer.answer(samples, { onBadRow })) {
      await write([...(await takeFaults()), ...rows.map(toEntry)]);
      if (signal.aborted) return "stopped";
    }
    await write(await takeFaults());
    return "done";
  } finally {
    await answerer.release();
  }
}

async function requireSameWeights(folder: string, sha256: string): Promise<void> {
  if ((await weightsChecksum(folder)) === sha256) return;
  throw new InputError(`${folder}: is no longer the checkpoint that these answers were begun with`, {
    hint: "begin anew with --fresh, once no training replaces it",
  });
}

async function faultOf({ index, imagePath }: Sample, fault: string): Promise<Fault> {
  return { index, fault, image: await imageState(imagePath) };
}

function toEntry({ sample, text, confidence, others }: RowAnswer): Entry {
  return { index: sample.index, text, confidence, others: [...others] };
}

/** The rows that are to be answered, without their truth, and those that cannot be asked about. */
async function loadRows({ table: path, images, indices, unowned }: PartTask) {
  const wanted = new Set(indices);
  for (const { index } of unowned) wanted.delete(index);
  // Whose a photograph is, the whole table says, not this part of it.
  const { samples, bad } = await loadSamples({ csv: path, images, requireValue: false, unowned: new Map() });
  const table = await readTable(path, ["index", "image_link"]);
  const [cells, links] = [table.column("index"), table.column("image_link")];
  const rowOf = new Map(cells.map((_, row) => [table.lineOf(row), row]));
  const faults = bad
    .map(({ line, reason }) => ({ row: rowOf.get(line)!, reason }))
    .filter(({ row }) => wanted.has(Number(cells[row])))
    .map(async ({ row, reason }) => ({
      ...{ index: Number(cells[row]), fault: reason, image: await imageStateOf(images, links[row]) },
    }));
  return {
    samples: samples.filter(({ index }) => wanted.has(index)).map((sample) => ({ ...sample, value: "" })),
    faults: await Promise.all(faults),
  };
}
