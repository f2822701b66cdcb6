import { BadRowError } from "../data/bad-rows.ts";
import { makeThumbnail } from "../data/thumbnail.ts";
import type { RowImages } from "../report/row-cards.ts";
import type { AnsweredRow } from "../report/run-record.ts";

const SIDE = 240;
/** All pictures of a page together. */
const MOST_BYTES = 2 ** 20;

/** Small pictures of rows, as links that hold them, or the reason why there is none. */
export async function embedImages(rows: readonly AnsweredRow[]): Promise<RowImages> {
  const images = new Map<string, string | { readonly missing: string }>();
  let bytes = 0;
  for (const { image } of rows) {
    if (image === null || images.has(image)) continue;
    const small = await makeThumbnail(image, SIDE).catch((error: unknown) => {
      if (error instanceof BadRowError) return { missing: error.message };
      throw error;
    });
    if (!Buffer.isBuffer(small)) images.set(image, small);
    else if (bytes + small.length > MOST_BYTES) images.set(image, { missing: "left out: the page would be too large" });
    else {
      bytes += small.length;
      images.set(image, `data:image/jpeg;base64,${small.toString("base64")}`);
    }
  }
  return images;
}
