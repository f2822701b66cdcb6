import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeExtendedJson } from "../formats/extended-json.ts";
import { InputError } from "../util/errors.ts";

/** A picture to log: its file's bytes. */
export class RunImage {
  constructor(
    readonly bytes: Uint8Array,
    readonly options: {
      readonly width: number;
      readonly height: number;
      readonly format: "png" | "jpg";
      readonly caption?: string;
    },
  ) {}
}

export type RunCell = string | number | boolean | null | RunImage;

/** A table to log. */
export class RunTable {
  /** @throws InputError when a row has not a cell for each column */
  constructor(
    readonly columns: readonly string[],
    readonly rows: readonly (readonly RunCell[])[],
  ) {
    const uneven = rows.findIndex((row) => row.length !== columns.length);
    if (uneven < 0) return;
    throw new InputError(
      `row ${uneven + 1} of a table has ${rows[uneven]!.length} cells, for ${columns.length} columns: ${columns.join(", ")}`,
    );
  }
}

/** What is written beside the log for a value of a row. Names have `/` and do not leave their folder. */
export interface Media {
  /** Files of the run. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the row has of it. */
  readonly value: Readonly<Record<string, string | number | readonly (string | null)[]>>;
}

/** A picture under a metric's name. @param step of its row */
export function layImage(image: RunImage, name: string, step: number): Media {
  const { width, height, format, caption } = image.options;
  const sha256 = hashOf("sha256", image.bytes);
  const path = mediaPath("images", name, step, sha256, format);
  const size = image.bytes.length;
  const of = caption === undefined ? {} : { caption };
  return {
    files: new Map([[path, image.bytes]]),
    value: { _type: "image-file", path, sha256, size, format, width, height, ...of },
  };
}

/** Pictures of one size under one name. @throws InputError when their formats differ */
export function layImages(images: readonly RunImage[], name: string, step: number): Media {
  const [first] = images.map(({ options }) => options);
  const { width, height, format } = first!;
  if (images.some(({ options }) => options.format !== format)) {
    throw new InputError(`${name}: pictures of one name must have one format, png or jpg`);
  }
  const laid = images.map((image) => layImage(image, name, step));
  const files = new Map(laid.flatMap((each) => [...each.files]));
  const filenames = laid.map(({ value }) => (value as { path: string }).path);
  const captions = images.map(({ options }) => options.caption ?? null);
  const described = captions.some((caption) => caption !== null) ? { captions } : {};
  const count = images.length;
  return { files, value: { _type: "images/separated", count, filenames, format, width, height, ...described } };
}

/** A table: Weights & Biases shows it from an artifact, which holds its pictures too, and keeps a file of the run beside. */
export interface LaidTable extends Media {
  /** Files of the artifact. */
  readonly artifactFiles: ReadonlyMap<string, Uint8Array>;
  /** The table's own among them. */
  readonly entry: string;
}

/** @param step of the row */
export function layTable({ columns, rows }: RunTable, name: string, step: number): LaidTable {
  const pictures = new Map<string, Uint8Array>();
  const cell = (value: RunCell) => {
    if (!(value instanceof RunImage)) return value;
    const { width, height, format, caption } = value.options;
    const path = `media/images/${hashOf("md5", value.bytes).slice(0, 20)}.${format}`;
    pictures.set(path, value.bytes);
    const sha256 = hashOf("sha256", value.bytes);
    const of = caption === undefined ? {} : { caption };
    return { _type: "image-file", format, height, width, path, sha256, ...of };
  };
  const full = {
    _type: "table",
    column_types: columnTypes(columns, rows),
    columns,
    data: rows.map((row) => row.map(cell)),
    log_mode: "IMMUTABLE",
    ncols: columns.length,
    nrows: rows.length,
  };
  const plain = { columns, data: rows.map((row) => row.map((c) => (c instanceof RunImage ? "Image" : c))) };
  const bytes = Buffer.from(writeExtendedJson(plain));
  const sha256 = hashOf("sha256", bytes);
  const path = mediaPath("table", name, step, sha256, "table.json");
  const entry = `${safePath(name)}.table.json`;
  return {
    files: new Map([[path, bytes]]),
    artifactFiles: new Map([...pictures, [entry, Buffer.from(writeExtendedJson(full))]]),
    entry,
    value: {
      _type: "table-file",
      path,
      sha256,
      size: bytes.length,
      ncols: columns.length,
      nrows: rows.length,
      log_mode: "IMMUTABLE",
    },
  };
}

function columnTypes(columns: readonly string[], rows: RunTable["rows"]): object {
  const typeMap = columns.map((column, i) => {
    const kinds = new Set(rows.map((row) => kindOf(row[i]!)));
    kinds.delete("none");
    const types = [...kinds].sort().map((kind) => ({ wb_type: kind, ...(kind === "image-file" && IMAGE_PARAMS) }));
    return [column, { params: { allowed_types: [{ wb_type: "none" }, ...types] }, wb_type: "union" }];
  });
  return { params: { type_map: Object.fromEntries(typeMap) }, wb_type: "typedDict" };
}

const constant = (is_set: boolean, val: object) => ({ params: { is_set, val }, wb_type: "const" });

/** A picture without boxes and masks. */
const IMAGE_PARAMS = {
  params: {
    box_class_maps: constant(false, {}),
    box_layers: constant(false, {}),
    box_score_keys: constant(true, []),
    class_map: constant(false, {}),
    mask_class_maps: constant(false, {}),
    mask_layers: constant(false, {}),
  },
};

function kindOf(cell: RunCell): string {
  if (cell === null) return "none";
  return cell instanceof RunImage ? "image-file" : typeof cell;
}

const mediaPath = (kind: string, name: string, step: number, sha256: string, extension: string) =>
  `media/${kind}/${safePath(name)}_${step}_${sha256.slice(0, 20)}.${extension}`;

/** A metric's name as a path: its `/` are folders, as at Weights & Biases; what leads out of a folder does not. */
const safePath = (name: string) =>
  name
    .split("/")
    .map((part) => part.replaceAll(/[^\p{L}\p{N}_.-]/gu, "_").replace(/^\.*$/, "_"))
    .join("/");

export const hashOf = (kind: "md5" | "sha256", bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");

/**
 * Writes a file that appears whole, below `folder`, unless `keep` says that what stands there is the same.
 * @throws the error of the file system
 */
export function placeFile(folder: string, name: string, bytes: Uint8Array, keep = false): void {
  const path = join(folder, name);
  if (keep && existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(`${path}.tmp`, bytes);
    renameSync(`${path}.tmp`, path);
  } finally {
    rmSync(`${path}.tmp`, { force: true });
  }
}

/**
 * The name of a file of the run, as it may be given. @throws InputError when it leads out of the run's files, or is no path
 * on another system
 */
export function requireFileName(name: string): string {
  const parts = name.split("/");
  const isBad = parts.some((part) => part === "" || part === "." || part === ".." || /[\\:\p{Cc}]/u.test(part));
  if (!isBad) return name;
  throw new InputError(`${JSON.stringify(name)} is no name for a file of the run`, {
    hint: "give a path below the run's files with / between folders, without .. \\ : and control characters",
  });
}
