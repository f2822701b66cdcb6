import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { checkImages } from "../../../src/data/download/check-image.ts";
import { OPEN_OPTIONS } from "../../../src/data/image-file.ts";
import { random } from "../../../src/util/random.ts";
import { photographs, uniformPng } from "../../support/image-server.ts";
import { SHIPPED } from "../../support/runs.ts";
import { FAST_FOLDER, workFolder } from "../../support/work-folder.ts";

const root = workFolder(FAST_FOLDER);
const check = checkImages(100_000_000);
let files = 0;

/** Whether a file of these bytes passes, and if not, whether it may do so another time. */
async function verdict(bytes: Uint8Array, checkFile = check): Promise<"good" | "broken" | "hopeless"> {
  const path = join(root, `${++files}`);
  writeFileSync(path, bytes);
  return checkFile(path).then(
    () => "good",
    (fault) => (fault.passing ? "broken" : "hopeless"),
  );
}

/** As training decodes. */
async function canBeRead(bytes: Uint8Array): Promise<boolean> {
  try {
    await sharp(bytes, OPEN_OPTIONS).toColourspace("srgb").removeAlpha().raw().toBuffer();
    return true;
  } catch {
    return false;
  }
}

test("the shipped photographs are good", async () => {
  const folder = join(SHIPPED, "images");
  for (const name of readdirSync(folder)) expect(await verdict(readFileSync(join(folder, name)))).toBe("good");
});

function noise(width: number, height: number): Sharp {
  const pixels = new Uint8Array(3 * width * height);
  random(width, "noise").bytes(pixels);
  for (let i = 0; i < pixels.length; i++) pixels[i] >>= 4; // faint, or a JPEG of it would be large
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const FORMATS: readonly [string, () => Promise<Buffer>][] = [
  ["JPEG of a height that 8 divides", () => noise(721, 720).jpeg().toBuffer()],
  ["JPEG of a height that 4 divides", () => noise(720, 716).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer()],
  ["JPEG of a height that 2 divides", () => noise(722, 714).jpeg().toBuffer()],
  ["JPEG of an odd height", () => noise(720, 713).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer()],
  ["progressive JPEG", () => noise(711, 728).jpeg({ progressive: true }).toBuffer()],
  ["small JPEG", () => noise(65, 33).jpeg().toBuffer()],
  ["PNG", () => noise(31, 27).png().toBuffer()],
  ["interlaced PNG", () => noise(33, 27).png({ progressive: true }).toBuffer()],
  ["WebP", () => noise(34, 30).webp().toBuffer()],
  ["GIF", () => noise(40, 30).gif().toBuffer()],
  ["TIFF", () => noise(40, 30).tiff().toBuffer()],
  ["AVIF", () => noise(40, 30).avif().toBuffer()],
];

test.each(FORMATS)(
  "%s: good is what training can read, at whatever place it is cut off or changed",
  async (name, make) => {
    const whole = await make();
    expect(await verdict(whole)).toBe("good");
    const generator = random(1, "cuts");
    for (let i = 0; i < 24; i++) {
      const cut = whole.subarray(0, i < 8 ? whole.length - 1 - i ** 2 : generator.int(whole.length));
      const changed = Buffer.from(whole);
      changed[generator.int(whole.length)] ^= 1 << generator.int(8);
      // Of a width with its second highest bit set in an AVIF, libvips complains on the console.
      for (const bytes of name === "AVIF" ? [cut] : [cut, changed]) {
        expect((await verdict(bytes)) === "good").toBe(await canBeRead(bytes));
      }
    }
  },
);

test("cut short may pass, foreign does not", async () => {
  const [photograph] = await photographs(1);
  expect(await verdict(photograph.subarray(0, -5))).toBe("broken");
  expect(await verdict(photograph.subarray(0, 30))).toBe("broken");
  expect(await verdict(new Uint8Array(0))).toBe("broken");
  expect(await verdict(Buffer.from("<!doctype html>"))).toBe("hopeless");
  expect(await verdict(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).toBe("hopeless");
});

test("too many pixels are refused by the header, without the memory for them", async () => {
  const bomb = uniformPng(30_000, 30_000);
  expect(bomb.length).toBeLessThan(400_000);
  const before = process.memoryUsage.rss();
  expect(await verdict(bomb)).toBe("hopeless");
  expect(process.memoryUsage.rss() - before).toBeLessThan(100e6); // decoded it has 900 MB
  expect(await verdict(await noise(20, 20).png().toBuffer(), checkImages(399))).toBe("hopeless");
  expect(await verdict(await noise(20, 20).png().toBuffer(), checkImages(400))).toBe("good");
});

test("a large one and small ones are checked side by side", async () => {
  const large = uniformPng(5000, 4000);
  const all = [large, ...(await photographs(6)), large];
  expect(await Promise.all(all.map((bytes) => verdict(bytes)))).toEqual(all.map(() => "good"));
});
