import { ENTITIES } from "../../challenge/entities.ts";
import type { DataSettings } from "../../config/data-schema.ts";
import { LABEL_COLUMNS } from "../../data/judge-block.ts";
import { drawAll } from "../../data/synth/draw-all.ts";
import { pictureLink, randomRows, rowsOfTable, type SynthRows } from "../../data/synth/rows.ts";
import { openTable } from "../../data/table.ts";
import { createTable } from "../../data/table-write.ts";
import { monotonicSeconds } from "../../util/clock.ts";
import { InputError } from "../../util/errors.ts";
import { checkSettings, readOptions, refuseOverwrite, siblingTable, type TableJob } from "./table-job.ts";

export interface SynthOptions extends TableJob {
  /** A table with image_link, entity_name and entity_value, whose rows are drawn; or `random`. */
  readonly input?: string;
  /** So many rows of no table: entity, number and unit at random. */
  readonly random?: number;
  readonly output: string;
  /** Folder of the pictures; made if it is missing. */
  readonly images: string;
  /** Rows to draw; by default all of the table. Beyond these each is drawn again, and looks otherwise. */
  readonly count?: number;
  readonly settings: DataSettings["synth"];
}

export interface SynthReport {
  /** The rows, each with the link of its picture. */
  readonly file: string;
  /** What stands on each picture: all its text, and lines with their places. */
  readonly text_file: string;
  readonly images: string;
  readonly rows: number;
  readonly drawn: number;
  /** Pictures that were there already. */
  readonly present: number;
  /** Rows of the table whose label is not one value in a unit of its entity, or has more digits than there is room for. */
  readonly left_out: number;
  /** Rows of the table that say the same of the same image as an earlier one. */
  readonly repeated: number;
  readonly seconds: number;
  readonly seed: number;
}

/**
 * Draws a product label for each row of a table, or for random quantities, and writes the rows with their pictures' links.
 * Stopped and started again, it draws what is missing. @throws InputError when a file or option is not as it should be
 */
export async function synthTable(options: SynthOptions): Promise<SynthReport> {
  const { output, images, settings: unchecked, ...job } = options;
  const { synth: settings } = checkSettings({ synth: unchecked });
  const files = { output, text: siblingTable(output, "text") };
  await refuseOverwrite([options.input], [files.output, files.text]);
  const start = monotonicSeconds();
  const source = await chooseRows(options, settings.seed);
  const inFull = options.random === undefined ? settings.full_units : settings.random_full_units;
  const { pictures, present } = await drawAll(source.rows, {
    ...{ folder: images, settings, inFull },
    ...(job.observer?.drawn && { onDrawn: job.observer.drawn.bind(job.observer) }),
    ...(job.signal && { signal: job.signal }),
  });
  const links = pictures.map(({ name }) => pictureLink(name));
  const cells = source.columns.map((column, c) =>
    column === "image_link" ? links : source.rows.map((row) => row.cells[c]),
  );
  const texts = pictures.map(({ lines }) => lines.map(({ text }) => text).join("\n"));
  const boxes = pictures.map(({ lines }) => JSON.stringify(lines));
  await writeColumns(files.text, ["image_link", "text", "boxes"], [links, texts, boxes]);
  await writeColumns(files.output, source.columns, cells);
  return {
    ...{
      file: files.output,
      text_file: files.text,
      images,
      rows: links.length,
      drawn: links.length - present,
      present,
    },
    ...{
      left_out: source.leftOut,
      repeated: source.repeated,
      seconds: monotonicSeconds() - start,
      seed: settings.seed,
    },
  };
}

async function chooseRows({ input, random, count, ...job }: SynthOptions, seed: number): Promise<SynthRows> {
  for (const [name, number] of Object.entries({ random, count })) {
    if (number !== undefined && !(Number.isInteger(number) && number > 0))
      throw new InputError(`${name} is ${number}: it is a number of rows, from 1 up`);
  }
  if ((input === undefined) === (random === undefined) || (random !== undefined && count !== undefined)) {
    throw new InputError("rows come from a table, or are random: one of both", {
      hint: "amlc data synth TABLE, with --count if wanted; or amlc data synth --random N",
    });
  }
  if (input === undefined) return randomRows(random!, seed);
  const rows = await rowsOfTable(await openTable(input, LABEL_COLUMNS, readOptions(job)), count);
  if (rows.rows.length === 0) {
    const found = rows.firstLeftOut === undefined ? "" : `, first in ${rows.firstLeftOut}`;
    throw new InputError(`${input}: no row has a label that can be drawn${found}`, {
      hint: `a label is such as "34 gram", its entity one of ${ENTITIES.join(", ")}`,
    });
  }
  if (rows.leftOut > 0) job.observer?.note?.(`${rows.leftOut} rows are left out, first in ${rows.firstLeftOut}`);
  return rows;
}

async function writeColumns(path: string, columns: readonly string[], cells: readonly (readonly string[])[]) {
  const writer = await createTable(path, columns);
  try {
    await writer.write(cells);
    await writer.commit();
  } finally {
    await writer.discard();
  }
}
