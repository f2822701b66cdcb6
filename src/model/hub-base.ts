import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../util/errors.ts";
import { PACKAGE_ROOT } from "../util/package.ts";

/** Bases of 2.9 billion parameters: one model at three sizes of the image, tuned for different questions. */
const PALIGEMMA_3B = /^google\/paligemma-3b-(?:pt|mix|ft-[a-z0-9-]+)-(224|448|896)$/;

export interface HubBase {
  /** Of this package, with all small files of the base but tokenizer.json. */
  readonly folder: string;
}

/** The base of a name on the hub whose sizes are known without the hub; undefined when it is none of them. */
export function findHubBase(name: string): HubBase | undefined {
  const size = PALIGEMMA_3B.exec(name)?.[1];
  return size === undefined ? undefined : { folder: join(PACKAGE_ROOT, "configs", "models", `paligemma-3b-${size}`) };
}

/** A folder of the disk goes before a name on the hub. @throws InputError for what looks like a name and is none that is known */
export function requireHubBase(like: string): HubBase | undefined {
  if (existsSync(like)) return undefined;
  const found = findHubBase(like);
  if (found || !/^[\w.-]+\/[\w.-]+$/.test(like)) return found;
  throw new InputError(`${like}: is no folder, and no name on the hub whose sizes are known`, {
    hint:
      "name a folder with config.json, or google/paligemma-3b-pt-448 (or mix, ft-docvqa and others; 224, 448 or 896); " +
      "others are fetched first: amlc model pull",
  });
}
