import { InputError } from "../util/errors.ts";
import { sizeOf } from "../util/tensor.ts";
import type { Place } from "./shards.ts";
import { isOutputMatrix } from "./weight-names.ts";

/** Rows that are compared. All of a large table would be read from the disk twice more; training changes every row. */
const ROWS = 256;

/**
 * A file may hold the matrix of the output layer beside the table of embeddings. Here the table is always both, while
 * transformers keeps the two apart where they differ. Of a large table rows spread over it are compared, the first and the
 * last among them. @throws InputError naming an output matrix that is not the table
 */
export async function requireTiedHead(all: readonly Place[], table: Place): Promise<void> {
  for (const head of all.filter(({ entry }) => isOutputMatrix(entry.name))) {
    const where = `${head.file.path}: ${head.entry.name}`;
    const { name, shape } = table.entry;
    if (`${head.entry.shape}` !== `${shape}`) throw untied(`${where}: is [${head.entry.shape}], ${name} [${shape}]`);
    const rows = spread(shape[0] ?? 0);
    const same = await Promise.all(rows.map((row) => isSameRow(head, table, row)));
    const other = rows[same.indexOf(false)];
    if (other !== undefined) throw untied(`${where}: row ${other} is not that of ${name}`);
  }
}

const untied = (fault: string) =>
  new InputError(`${fault}, with which it must be tied`, {
    hint: "a model with an output matrix of its own is not supported: name one with tie_word_embeddings true",
  });

/** Numbers below `count`, from first to last. */
function spread(count: number): readonly number[] {
  if (count <= ROWS) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: ROWS }, (_, i) => Math.round((i * (count - 1)) / (ROWS - 1)));
}

async function isSameRow(one: Place, other: Place, row: number): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((place) => readRow(place, row)));
  return a.every((value, i) => Object.is(value, b[i]));
}

async function readRow({ file, entry }: Place, row: number): Promise<Float32Array> {
  const { shape, begin, end } = entry;
  const bytes = (end - begin) / shape[0];
  const start = begin + row * bytes;
  const part = { ...entry, shape: [sizeOf(shape) / shape[0]], begin: start, end: start + bytes };
  return (await file.readTensor(part, "f32")).data;
}
