import { textHash } from "../../util/hash.ts";
import { linksOf } from "../image-links.ts";
import type { TableFile } from "../table.ts";

/** A column as numbers: the text of row `i` is `texts[codes[i]]`. */
export interface CodedColumn {
  readonly texts: readonly string[];
  readonly codes: Uint32Array;
}

/** Who asks what, and the answer, of all rows of a table. */
export interface CodedRows {
  readonly rowCount: number;
  /** A number for each row, which rows of the same image link share. */
  readonly links: Float64Array;
  readonly entities: CodedColumn;
  /** Without the spaces at both ends; undefined without the column. */
  readonly values: CodedColumn | undefined;
  readonly groups: CodedColumn | undefined;
}

/**
 * Reads a table once. What stays in memory is 20 bytes a row, and each text of the other columns once. Of a link it is
 * its {@link textHash}, which says how rarely two links share one and would be counted as the same.
 */
export async function readCodedRows(table: TableFile): Promise<CodedRows> {
  const links: Float64Array[] = [];
  const entities = new TextCoder();
  const values = table.columns.includes("entity_value") ? new TextCoder() : undefined;
  const groups = table.columns.includes("group_id") ? new TextCoder() : undefined;
  for await (const block of table.blocks()) {
    links.push(hashAll(linksOf(block)));
    entities.push(block.column("entity_name"));
    values?.push(block.column("entity_value").map((value) => value.trim()));
    groups?.push(block.column("group_id"));
  }
  return {
    rowCount: links.reduce((sum, { length }) => sum + length, 0),
    links: joinArrays(links, Float64Array),
    entities: entities.column(),
    values: values?.column(),
    groups: groups?.column(),
  };
}

function hashAll(texts: readonly string[]): Float64Array {
  const hashes = new Float64Array(texts.length);
  const hash = textHash("link");
  for (let i = 0; i < texts.length; i++) hashes[i] = hash(texts[i]);
  return hashes;
}

/** Numbers the texts of a column in the order in which they first appear. */
class TextCoder {
  readonly #codes = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #pieces: Uint32Array[] = [];

  push(cells: readonly string[]): void {
    const codes = new Uint32Array(cells.length);
    for (let i = 0; i < codes.length; i++) codes[i] = this.#codes.get(cells[i]) ?? this.#add(cells[i]);
    this.#pieces.push(codes);
  }

  #add(text: string): number {
    const copy = Buffer.from(text).toString(); // a cell is a view of its block's text, which it would keep in memory
    this.#codes.set(copy, this.#texts.length);
    return this.#texts.push(copy) - 1;
  }

  column(): CodedColumn {
    return { texts: this.#texts, codes: joinArrays(this.#pieces, Uint32Array) };
  }
}

function joinArrays<T extends Float64Array | Uint32Array>(pieces: readonly T[], type: new (length: number) => T): T {
  const joined = new type(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
