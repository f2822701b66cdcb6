import { statSync } from "node:fs";
import { join } from "node:path";
import { imageNameOf } from "../challenge/image-name.ts";
import { fileOwners, MANIFEST } from "./download/file-names.ts";
import { readDownloads } from "./download/manifest.ts";
import { isWhole } from "./download/plan.ts";

/** Why a link of a table has no photograph of its own, by the link. */
export type Unowned = ReadonlyMap<string, string>;

/**
 * Links whose file is the photograph of another one: `get.jpg?id=1` and `get.jpg?id=2` have one file name. A file is of the link
 * that a download gave it to, by the manifest beside it; where none says, of the first in the table, as a download would do it.
 * @throws InputError when the manifest is damaged
 */
export async function findUnowned(links: readonly string[], images: string): Promise<Unowned> {
  const owners = fileOwners((a, b) => isOneFile(join(images, a), join(images, b)));
  const given = (await readDownloads(join(images, MANIFEST))).filter(({ status }) => status === "ok");
  const whole = given.filter((entry) => isWhole(images, entry)); // of two entries the other one's file has been replaced
  for (const { file, link } of [...whole, ...given]) owners.claim(file!, link);
  const unowned = new Map<string, string>();
  for (const link of new Set(links)) {
    const file = imageNameOf(link);
    const owner = file === undefined ? undefined : owners.claim(file, link);
    if (owner !== undefined) unowned.set(link, `its photograph's file, ${file}, is that of ${owner.slice(0, 200)}`);
  }
  return unowned;
}

/** Whether two paths lead to one file, as those that differ in case do on Windows and macOS. */
function isOneFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}
