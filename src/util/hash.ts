import { hash } from "node:crypto";

/**
 * A number from 0 inclusive to 1 exclusive that follows from the text alone: the first 52 bits of its SHA-256 as a
 * fraction. In Python: `int(hashlib.sha256(text.encode()).hexdigest()[:13], 16) / 2**52`.
 */
export function hashFraction(text: string): number {
  return Number.parseInt(hash("sha256", text, "hex").slice(0, 13), 16) / 2 ** 52;
}
