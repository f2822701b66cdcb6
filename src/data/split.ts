import type { DataSettings } from "../config/data-schema.ts";
import { InputError } from "../util/errors.ts";
import { textHash } from "../util/hash.ts";
import { linksOf } from "./image-links.ts";
import { openTable, type Rows, type TableFile } from "./table.ts";

export type Side = "train" | "val";

/** Says of each row on which side it is. All rows of one image are on the same side; spaces around a link do not count. */
export interface Split {
  /** In words: `by hash of the link, 5 % val, seed 0`. */
  readonly rule: string;
  /** @throws InputError where a column of the table puts an image on both sides */
  sidesOf(block: Rows): readonly Side[];
}

/**
 * The split of a table. `val` may be the share of images that are val, chosen by a hash of the link, or the path of a table
 * whose images are val. Without it the table's own column `split` says (train or val), or else the share of the settings. The
 * hash depends on link and seed alone: rows that are added later move no image to the other side, and a larger share
 * holds the smaller one.
 * @throws InputError when the table of val cannot be read
 */
export async function chooseSplit(
  table: TableFile,
  settings: DataSettings["split"],
  val?: number | string,
): Promise<Split> {
  if (typeof val === "string") return splitByFile(val);
  if (val === undefined && table.columns.includes("split")) return splitByColumn(table.path);
  const [share, seed] = [val ?? settings.val, settings.seed];
  const hash = textHash(`split ${seed}`);
  return {
    rule: `by hash of the image link: ${+(100 * share).toFixed(4)} % val, seed ${seed}`,
    sidesOf(block) {
      if (share === 0 || share === 1) return new Array<Side>(block.rowCount).fill(share === 0 ? "train" : "val");
      return linksOf(block).map((link) => (hash(link) < share ? "val" : "train"));
    },
  };
}

async function splitByFile(path: string): Promise<Split> {
  const links = new Set<string>();
  const table = await openTable(path, ["image_link"]);
  for await (const block of table.blocks()) for (const link of linksOf(block)) links.add(link);
  return {
    rule: `the ${links.size} images of ${path} are val`,
    sidesOf: (block) => linksOf(block).map((link) => (links.has(link) ? "val" : "train")),
  };
}

function splitByColumn(path: string): Split {
  const sides = new Map<string, Side>();
  return {
    rule: 'as its column "split" says',
    sidesOf(block) {
      const links = linksOf(block);
      return block.column("split").map((cell, i) => {
        const side = cell.trim();
        const place = () => `${path}: ${block.placeOf(i)}`;
        if (side !== "train" && side !== "val") {
          throw new InputError(`${place()}: split is "${side.slice(0, 60)}"`, { hint: "it has to be train or val" });
        }
        const other = sides.get(links[i]) ?? side;
        sides.set(links[i], side);
        if (other === side) return side;
        throw new InputError(`${place()}: ${links[i].slice(0, 200)} is ${side} here and ${other} above`, {
          hint: "all rows of an image have to be on one side: mend the column, or remove it and split by hash",
        });
      });
    },
  };
}
