import { InputError } from "../util/errors.ts";

/** The proxies of the environment, as undici takes them; one without a scheme is reached by HTTP, as curl has it. @throws InputError */
export function proxies(): { readonly httpProxy?: string; readonly httpsProxy?: string } {
  const [httpProxy, httpsProxy] = [proxyIn("http_proxy", "HTTP_PROXY"), proxyIn("https_proxy", "HTTPS_PROXY")];
  return { ...(httpProxy !== undefined && { httpProxy }), ...(httpsProxy !== undefined && { httpsProxy }) };
}

/** @throws InputError naming the variable, and not what it holds, for that may be a password */
function proxyIn(...names: readonly string[]): string | undefined {
  const name = names.find((one) => process.env[one] !== undefined);
  const value = name === undefined ? "" : process.env[name]!.trim();
  if (value === "") return undefined;
  const address = value.includes("://") ? value : `http://${value}`;
  if (URL.canParse(address) && /^(https?|socks5?):$/.test(new URL(address).protocol)) return address;
  throw new InputError(`${name}: is no address of a proxy`, { hint: "as http://proxy.example:3128" });
}
