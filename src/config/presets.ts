import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { InputError } from "../util/errors.ts";
import { suggestName } from "../util/near-name.ts";
import { PACKAGE_ROOT } from "../util/package.ts";

const PRESETS = join(PACKAGE_ROOT, "configs");

export interface Preset {
  readonly name: string;
  readonly file: string;
  /** The comment on the file's first line. */
  readonly description: string;
}

/** The configurations that come with the package, by name. */
export function listPresets(): readonly Preset[] {
  return readdirSync(PRESETS)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => {
      const firstLine = readFileSync(join(PRESETS, file), "utf8").split("\n", 1)[0];
      const description = firstLine.startsWith("#") ? firstLine.replace(/^#+\s*/, "") : "";
      return { name: file.slice(0, -".yaml".length), file: join(PRESETS, file), description };
    });
}

/**
 * The file meant by `--config`: a path from the working folder, else a preset with or without `.yaml`.
 * @throws InputError with the nearest preset when it is neither.
 */
export function findConfig(pathOrPreset: string): string {
  if (existsSync(pathOrPreset) && !statSync(pathOrPreset).isDirectory()) return pathOrPreset;
  const presets = listPresets();
  const wanted = pathOrPreset.replace(/\.ya?ml$/, "");
  const preset = presets.find(({ name }) => name === wanted);
  if (preset) return preset.file;
  const names = presets.map(({ name }) => name);
  throw new InputError(`--config ${pathOrPreset}: there is no such file, and no preset of that name`, {
    hint: `presets: ${suggestName(wanted, names)} (see "amlc config list")`,
  });
}

/**
 * Where a file or folder named by a configuration is: at its path from the working folder, or, when nothing is there,
 * at the same path in this package (which ships `checkpoints/tiny` and `data/tiny`). Names that exist in neither
 * place come back unchanged, for their reader to report.
 */
export function resolveAsset(path: string): string {
  const leavesPackage = isAbsolute(path) || normalize(path).startsWith("..");
  if (existsSync(path) || leavesPackage) return path;
  const shipped = join(PACKAGE_ROOT, path);
  return existsSync(shipped) ? shipped : path;
}
