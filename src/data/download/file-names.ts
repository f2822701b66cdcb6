import { lasting } from "../../http/faults.ts";
import { BadRowError } from "../bad-rows.ts";
import { imageName } from "../image-name.ts";

/** In the folder of images; the file that says what became of each link. */
export const MANIFEST = "manifest.jsonl";

const MAX_NAME_BYTES = 255;
/** Names that Windows keeps for devices, letters that it has no names with, and ends that it cuts off. */
const NOT_ON_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>"|?*]|[. ]$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is there to find them
const CONTROL = /[\x00-\x1f\x7f]/;
/** Hidden files and locks are the program's own. */
const OURS = /^\.|\.lock$|^manifest\.jsonl(\.|$)/i;

/** The name that training looks for. @throws HttpFault when there is none, or none that every system can keep */
export function fileNameOf(link: string): string {
  const name = plainName(link);
  const odd = NOT_ON_WINDOWS.test(name) || CONTROL.test(name) || OURS.test(name);
  if (odd || Buffer.byteLength(name) > MAX_NAME_BYTES) throw lasting(`"${name.slice(0, 100)}" cannot be a file's name`);
  return name;
}

function plainName(link: string): string {
  try {
    return imageName(link);
  } catch (error) {
    if (error instanceof BadRowError) throw lasting(error.message);
    throw error;
  }
}

/** Which link has which file. */
export interface FileOwners {
  /** The link that has this name already, or one that is the same file; undefined when the name is now `link`'s. */
  claim(file: string, link: string): string | undefined;
}

/**
 * @param isOne whether two names are one file that differ in case, or in how an accent is written; by default they are, as on
 * Windows and macOS: a folder that is written may be taken there
 */
export function fileOwners(isOne: (a: string, b: string) => boolean = () => true): FileOwners {
  const owners = new Map<string, readonly { readonly file: string; readonly link: string }[]>();
  return {
    claim(file, link) {
      const key = file.normalize("NFC").toLowerCase();
      const known = owners.get(key) ?? [];
      const owner = known.find((other) => other.file === file || isOne(other.file, file));
      if (owner === undefined) owners.set(key, [...known, { file, link }]);
      return owner === undefined || owner.link === link ? undefined : owner.link;
    },
  };
}
