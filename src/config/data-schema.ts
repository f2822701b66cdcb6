import { z } from "zod";

const seconds = () => z.number().positive().max(3600);
const seed = () => z.int().min(0).max(0xffff_ffff).default(0);

/** How much of a sample a group of rows gets, by its rows n: 1, √n or n. */
const SHARES = ["uniform", "sqrt", "proportional"] as const;
const share = () => z.enum(SHARES);

const answer = () => z.string().regex(/^\d+(\.\d+)? [a-z ]+$/, "must be a value such as 0.1 millimetre");
const between = (least: string, most: string) =>
  z.tuple([answer(), answer()]).default([least, most]).describe("smallest and largest value that can be");

/** Generous: what lies beyond is a slip of a label, not an odd product. */
const limits = z
  .strictObject({
    width: between("0.01 millimetre", "100 metre"),
    depth: between("0.01 millimetre", "100 metre"),
    height: between("0.01 millimetre", "100 metre"),
    item_weight: between("1 microgram", "100 ton"),
    maximum_weight_recommendation: between("1 milligram", "1000 ton"),
    voltage: between("1 millivolt", "1000 kilovolt"),
    wattage: between("0.001 watt", "10000 kilowatt"),
    item_volume: between("0.1 microlitre", "100000 litre"),
  })
  .prefault({});

const clean = z
  .strictObject({
    empty: z.enum(["drop", "keep"]).default("drop").describe("a row without a value"),
    link: z.enum(["drop", "keep"]).default("drop").describe("an image link that is no http or https address of a file"),
    entity: z.enum(["drop", "keep"]).default("drop").describe("an entity that is not in the challenge's list"),
    range: z
      .enum(["drop", "max", "min", "keep"])
      .default("drop")
      .describe("two numbers: [100.0, 240.0] volt, 10 kilogram to 15 kilogram"),
    scientific: z
      .enum(["drop", "write", "keep"])
      .default("drop")
      .describe("an exponent: 2.2e+20 gram; write: in plain digits"),
    format: z.enum(["drop", "keep"]).default("drop").describe('any other text that is not of the form "x unit"'),
    unit: z.enum(["drop", "keep"]).default("drop").describe("a unit that the entity does not allow: 3 horsepower"),
    magnitude: z
      .enum(["drop", "keep"])
      .default("drop")
      .describe("a number that cannot be: 0, or beyond clean.limits of its entity"),
    limits,
    contradiction: z
      .enum(["drop", "max", "min", "keep"])
      .default("drop")
      .describe(
        "rows of one image and entity with different values; max, min: the row with that value stays, and all where no unit is known",
      ),
    duplicate: z.enum(["drop", "keep"]).default("drop").describe("a row that says the same as an earlier one"),
  })
  .prefault({});

const split = z
  .strictObject({
    val: z.number().min(0).max(1).default(0.05).describe("share of the image links that are for validation"),
    seed: seed().describe("seed of the choice of links"),
  })
  .prefault({});

const sample = z
  .strictObject({
    size: z.int().min(1).max(1_000_000_000).default(13_500).describe("rows to draw"),
    seed: seed().describe("seed of the order of rows; a smaller sample of a seed is part of a larger one"),
    entities: share()
      .default("uniform")
      .describe("shares of the entities: uniform, sqrt or proportional to their rows"),
    units: share().default("sqrt").describe("shares of the units of an entity"),
    groups: share().default("sqrt").describe("shares of the groups of a unit"),
    max_of_unit: z.int().min(1).nullable().default(null).describe("most rows of one unit of an entity; null: any"),
    max_of_group: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe("most rows of one group within a unit of an entity; null: any"),
  })
  .prefault({});

/** What training reads of one photograph, at most. */
export const IMAGE_LIMITS = {
  bytes: 64 * 2 ** 20,
  /** 300 MB decoded: above every camera in use, below a decompression bomb. */
  pixels: 100_000_000,
} as const;

const hostPattern = z
  .string()
  .regex(/^(\*\.)?[^*/@\s]+$/, "must hold host names, as images.example.org or *.example.org");

const download = z
  .strictObject({
    concurrency: z.int().min(1).max(1024).default(32).describe("images in work at a time"),
    per_host: z.int().min(1).max(1024).default(16).describe("connections to one host"),
    retries: z.int().min(0).max(100).default(5).describe("further attempts after one that may yet succeed"),
    backoff_s: seconds().default(0.5).describe("pause before the first retry, in seconds; doubled each time"),
    max_pause_s: seconds().default(60).describe("longest pause, Retry-After included, in seconds"),
    connect_timeout_s: seconds().default(10).describe("longest wait for a connection, in seconds"),
    header_timeout_s: seconds().default(30).describe("longest wait for the answer to begin, in seconds"),
    body_timeout_s: seconds().default(120).describe("longest time for one whole answer, in seconds"),
    max_redirects: z.int().min(0).max(20).default(5).describe("redirects to follow"),
    max_bytes: z
      .int()
      .min(1)
      .max(IMAGE_LIMITS.bytes)
      .default(IMAGE_LIMITS.bytes)
      .describe("largest file, in bytes; training reads no larger ones"),
    max_pixels: z
      .int()
      .min(1)
      .max(IMAGE_LIMITS.pixels)
      .default(IMAGE_LIMITS.pixels)
      .describe("largest image, in pixels; training reads no larger ones"),
    allow_private: z.boolean().default(false).describe("also ask loopback, private and link-local addresses"),
    hosts: z
      .array(hostPattern)
      .min(1)
      .nullable()
      .default(null)
      .describe("the only hosts to ask, as images.example.org or *.example.org; null: any"),
  })
  .prefault({});

const parts = z.strictObject({ parts: z.int().min(1).max(10_000).default(4).describe("files to make") }).prefault({});

const answers = z
  .strictObject({
    range: z
      .enum(["max", "min", "empty"])
      .default("max")
      .describe("two numbers, as in 100-240 V: which one is the answer"),
    pack: z
      .enum(["each", "total", "empty"])
      .default("each")
      .describe("packs, as in 2 x 500 g: the value of each, which is the one printed, of all, or no answer"),
    unit: z
      .enum(["convert", "empty"])
      .default("convert")
      .describe("a unit that the entity does not allow: converted where that can be done, or no answer"),
    number: z
      .enum(["keep", "float"])
      .default("keep")
      .describe("float: whole numbers as nine in ten labels have them, 34.0 for 34, in right answers too"),
    unknown: z
      .enum(["empty", "keep"])
      .default("empty")
      .describe("a text in which no value is found: no answer, or left as it is, which the official check refuses"),
  })
  .prefault({});

const shareOf = (standard: number) => z.number().min(0).max(1).default(standard);

const synth = z
  .strictObject({
    size: z.int().min(56).max(1024).default(112).describe("edge of a picture, in pixels"),
    seed: seed().describe("seed of what is drawn"),
    lines: z.int().min(1).max(5).default(5).describe("most lines of text, the answer's included"),
    full_units: shareOf(0.03).describe("share of units in full words: 34 grams for 34 g"),
    random_full_units: shareOf(0.12).describe("the same for random quantities (--random)"),
    arrows: shareOf(0.4).describe("share of pictures where arrows tell width, height and depth, not words"),
    dark: shareOf(0.25).describe("share of labels with light text on a dark ground"),
    contrast: z.number().min(1).max(12).default(3.5).describe("least contrast of a text, as WCAG counts it"),
    rotated: shareOf(0.3).describe("share of labels that are turned"),
    rotation: z.number().min(0).max(30).default(7).describe("most that a label is turned, in degrees"),
    blurred: shareOf(0.4).describe("share of pictures that are out of focus"),
    blur: z.number().min(0.3).max(3).default(0.6).describe("most blur: a standard deviation, in pixels at size 112"),
    noise: z.number().min(0).max(64).default(9).describe("most noise: a standard deviation, of 255"),
    quality: z
      .tuple([z.int().min(1).max(100), z.int().min(1).max(100)])
      .refine(([low, high]) => low <= high, "must be the least quality, then the greatest")
      .default([60, 95])
      .describe("least and greatest JPEG quality"),
  })
  .prefault({});

export const questions = z
  .strictObject({
    per_picture: z.int().min(1).max(16).default(2).describe("questions about a picture, if it has text for so many"),
    ocr: z.number().min(0).default(0.3).describe("weight of asking for the whole text"),
    after: z.number().min(0).default(0.4).describe("weight of asking for what comes after some words"),
    before: z.number().min(0).default(0.3).describe("weight of asking for what comes before some words"),
    seed: seed().describe("seed of what is asked"),
  })
  .refine((q) => q.ocr + q.after + q.before > 0, { path: ["ocr"], error: "one of the weights must be above 0" })
  .prefault({});

/** What the commands around training are told: from raw rows to photographs, from raw answers to a submission. */
export const DataSettingsSchema = z
  .strictObject({ clean, split, sample, download, parts, answers, synth, questions })
  .prefault({});

/** Checked settings with every default filled in. */
export type DataSettings = z.output<typeof DataSettingsSchema>;
/** A group of them: clean, split, sample, download, parts, answers, synth, questions. */
export type DataSettingsGroup = keyof DataSettings;
export type Share = (typeof SHARES)[number];
