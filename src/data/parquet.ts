import { type AsyncBuffer, asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { RowBlock } from "../formats/csv.ts";
import { InputError } from "../util/errors.ts";

const MAX_GROUP_BYTES = 2 ** 30;
const ROWS_AT_ONCE = 50_000;

/** A Parquet file of flat columns, its cells as text: null is "", a number its shortest digits. */
export interface ParquetFile {
  readonly columns: readonly string[];
  readonly rowCount: number;
  /** What its row groups say they are unpacked, and a byte for each cell at least. */
  readonly unpackedBytes: number;
  blocks(): AsyncGenerator<RowBlock>;
}

/** Opens a Parquet file. @throws InputError, from here or while reading, when it is broken or has columns of other types */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { file, metadata } = await readMetadata(path);
  const columns = metadata.schema.filter(({ num_children }) => !num_children).map(({ name }) => name);
  const depth = metadata.schema.filter(({ num_children }) => num_children).length;
  if (depth > 1) throw new InputError(`${path}: has nested columns`, { hint: "write a table of plain columns" });
  const rowCount = Number(metadata.num_rows);
  const claimed = metadata.row_groups.reduce((sum, { total_byte_size }) => sum + Number(total_byte_size), 0);
  return {
    columns,
    rowCount,
    unpackedBytes: Math.max(claimed, rowCount * columns.length),
    async *blocks() {
      let start = 0;
      for (const { num_rows, total_byte_size } of metadata.row_groups) {
        if (total_byte_size > MAX_GROUP_BYTES) throw broken(path, `a row group claims ${total_byte_size} bytes`);
        const end = start + Number(num_rows);
        for (; start < end; start += ROWS_AT_ONCE) {
          const rowEnd = Math.min(end, start + ROWS_AT_ONCE);
          yield await readBlock(path, file, metadata, columns, start, rowEnd);
        }
        start = end;
      }
    },
  };
}

async function readMetadata(path: string): Promise<{ file: AsyncBuffer; metadata: FileMetaData }> {
  try {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file) };
  } catch (cause) {
    throw broken(path, (cause as Error).message, cause);
  }
}

async function readBlock(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
  rowStart: number,
  rowEnd: number,
): Promise<RowBlock> {
  const rows = await new Promise<unknown[][]>((resolve, reject) => {
    parquetRead({ file, metadata, compressors, rowStart, rowEnd, onComplete: resolve }).catch(reject);
  }).catch((cause: Error) => {
    throw broken(path, cause.message, cause);
  });
  const cell = (c: number, row: number) =>
    toText(rows[row][c], () => `${path}: row ${rowStart + row + 1}: ${columns[c]}`);
  return {
    rowCount: rows.length,
    column: (c) => rows.map((_, row) => cell(c, row)),
    cell,
    lineOf: (row) => rowStart + row + 1,
    csv: () => undefined,
  };
}

function toText(value: unknown, place: () => string): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (["number", "bigint", "boolean"].includes(typeof value)) return String(value);
  throw new InputError(`${place()} is neither text nor a number`, { hint: "write the column as text" });
}

const broken = (path: string, reason: string, cause?: unknown) =>
  new InputError(`${path}: is a broken Parquet file: ${reason}`, { hint: "write the file anew", cause });

/** Writes text columns as Parquet, a row group a call, into whatever takes the bytes. */
export function parquetEncoder(columns: readonly string[]) {
  const bytes = new ByteWriter();
  const schema = [
    { name: "root", num_children: columns.length },
    ...columns.map((name) => ({
      ...{ name, type: "BYTE_ARRAY" as const, repetition_type: "REQUIRED" as const },
      ...{ converted_type: "UTF8" as const, logical_type: { type: "STRING" as const } },
    })),
  ];
  const writer = new ParquetWriter({ writer: bytes, schema, createdBy: "amlc" });
  const take = (): Uint8Array => {
    const taken = bytes.getBytes().slice();
    bytes.index = 0;
    return taken;
  };
  return {
    encode(cells: readonly (readonly string[])[]): Uint8Array {
      const columnData = columns.map((name, c) => ({ name, data: [...cells[c]] }));
      void writer.write({ columnData, rowGroupSize: Math.max(1, cells[0].length) });
      return take();
    },
    end(): Uint8Array {
      void writer.finish();
      return take();
    },
  };
}
