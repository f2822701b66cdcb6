/**
 * The last part of a link's path, decoded: a plain file name, so that the file lies in the folder of images. Undefined for a
 * link that names no file.
 */
export function imageNameOf(link: string): string | undefined {
  const path = link.trim().replace(/[?#].*$/s, "");
  const last = path.slice(path.lastIndexOf("/") + 1);
  const name = last.includes("%") ? (decode(last) ?? last) : last;
  const isPlain = name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name) && name.length <= 255;
  return isPlain ? name : undefined;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // a per cent sign that is one
  }
}

/** Whether a link is an http or https address that ends in the name of a file, but for a query. */
export function isImageLink(link: string): boolean {
  return /^https?:\/\/[^/?#]+\//i.test(link) && imageNameOf(link) !== undefined;
}
