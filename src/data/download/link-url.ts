import { lasting } from "../../http/faults.ts";
import type { AddressGuard } from "./address-guard.ts";

/**
 * A link, or the target of a redirect, as an address that may be asked.
 * @param base address that a redirect came from
 * @throws HttpFault when it is none, or one that the guard refuses
 */
export function openableUrl(text: string, guard: AddressGuard, base?: string): URL {
  const shown = text.slice(0, 200);
  if (!URL.canParse(text, base)) throw lasting(`"${shown}" is no address`);
  const url = new URL(text, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw lasting(`"${shown}" is not http or https`);
  if (url.username !== "" || url.password !== "")
    throw lasting(`"${url.host}" is asked for with a name or password in the link`);
  guard.check(url);
  return url;
}
