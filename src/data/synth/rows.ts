import { createHash } from "node:crypto";
import { ENTITIES } from "../../challenge/entities.ts";
import type { DataSettings } from "../../config/data-schema.ts";
import { random } from "../../util/random.ts";
import { LABEL_COLUMNS } from "../judge-block.ts";
import type { TableFile } from "../table.ts";
import { pick } from "./choose.ts";
import { type Fact, randomUnit, readFact } from "./fact.ts";
import { randomNumber } from "./quantity.ts";

/** A row to draw. */
export interface SynthRow {
  readonly fact: Fact;
  /** Tells its picture from all others of the same settings. */
  readonly name: string;
  /** Its cells, those of its picture's link not filled in. */
  readonly cells: readonly string[];
}

export interface SynthRows {
  readonly columns: readonly string[];
  readonly rows: readonly SynthRow[];
  /** Rows whose label cannot be drawn, and where the first of them is. */
  readonly leftOut: number;
  readonly firstLeftOut?: string;
  /** Rows that say the same as an earlier one, left out as well. */
  readonly repeated: number;
}

/**
 * The rows of a table that can be drawn, in its order: `count` of them, or all. Where there are fewer, each is drawn again,
 * and looks otherwise.
 */
export async function rowsOfTable(table: TableFile, count = Infinity): Promise<SynthRows> {
  const at = LABEL_COLUMNS.map((name) => table.columns.indexOf(name));
  const rows: SynthRow[] = [];
  const names = new Set<string>();
  let [leftOut, repeated, firstLeftOut]: [number, number, string | undefined] = [0, 0, undefined];
  for await (const block of table.blocks()) {
    for (let i = 0; i < block.rowCount && rows.length < count; i++) {
      const cells = table.columns.map((_, c) => block.cell(c, i));
      const [link, entity, value] = at.map((c) => cells[c]);
      const [fact, name] = [readFact(entity, value), `${link} ${entity} ${value}`];
      if (fact === undefined) {
        leftOut++;
        firstLeftOut ??= `${block.placeOf(i)}: "${value.slice(0, 40)}"`;
      } else if (names.has(name)) repeated++;
      else rows.push({ fact, name, cells });
      names.add(name);
    }
    if (rows.length >= count) break;
  }
  const all = count === Infinity || rows.length === 0 ? rows : Array.from({ length: count }, (_, i) => again(rows, i));
  return { columns: table.columns, rows: all, leftOut, repeated, ...(firstLeftOut !== undefined && { firstLeftOut }) };
}

function again(rows: readonly SynthRow[], i: number): SynthRow {
  const [row, turn] = [rows[i % rows.length], Math.floor(i / rows.length)];
  return turn === 0 ? row : { ...row, name: `${row.name} again ${turn}` };
}

/** Rows of no table: entity, unit and number at random. The first ones of a seed are those of a smaller count. */
export function randomRows(count: number, seed: number): SynthRows {
  const columns = ["image_link", "group_id", "entity_name", "entity_value"];
  const rows = Array.from({ length: count }, (_, i): SynthRow => {
    const stream = random(seed, `synth random row ${i}`);
    const entity = pick(stream, ENTITIES);
    const fact = { entity, number: randomNumber(stream), unit: randomUnit(entity, stream) };
    return { fact, name: `random ${i}`, cells: ["", "0", entity, `${fact.number} ${fact.unit}`] };
  });
  return { columns, rows, leftOut: 0, repeated: 0 };
}

/** Goes up when the same settings draw something else than before. */
const DRAWING = 1;

/** The file name of a row's picture: another row, or another setting, is another file. */
export function pictureName({ name, fact }: SynthRow, settings: DataSettings["synth"], inFull: number): string {
  const identity = JSON.stringify([DRAWING, settings, inFull, name, fact]);
  return `${createHash("sha256").update(identity).digest("hex").slice(0, 24)}.jpg`;
}

/** A link that leads nowhere (RFC 2606) and ends in the file's name, as training looks for it. */
export const pictureLink = (name: string) => `https://synth.invalid/${name}`;
