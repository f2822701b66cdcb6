import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DataSettings } from "../../config/data-schema.ts";
import { InputError } from "../../util/errors.ts";
import { loadFaces } from "./faces.ts";
import { planLabel, type TextBox } from "./label.ts";
import type { SynthRow } from "./rows.ts";

export interface DrawSetting {
  /** There already. */
  readonly folder: string;
  readonly settings: DataSettings["synth"];
  /** Share of units in full words. */
  readonly inFull: number;
}

/** A row's picture: its file, and whether that is there already. */
export interface DrawTask extends Pick<SynthRow, "fact" | "name"> {
  readonly file: string;
  readonly isThere: boolean;
}

/** Draws a row's picture unless it is there, and tells what stands on it. @throws InputError when it cannot be written */
export type DrawRow = (task: DrawTask) => Promise<readonly TextBox[]>;

export function rowDrawer({ folder, settings, inFull }: DrawSetting): DrawRow {
  const faces = loadFaces();
  return async ({ fact, name, file, isThere }) => {
    const label = planLabel(fact, name, faces, settings, inFull);
    if (!isThere) writePicture(join(folder, file), await label.draw());
    return label.lines;
  };
}

/** At once: a few kilobytes take less time than to hand them to another thread. */
function writePicture(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes);
  } catch (cause) {
    throw new InputError(`${path}: could not be written: ${(cause as Error).message}`, {
      hint: "make room, or choose a folder that you may write to; started again, the command draws what is missing",
      cause,
    });
  }
}
