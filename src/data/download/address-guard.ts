import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import type { DataSettings } from "../../config/data-schema.ts";
import { type HttpFault, lasting } from "../../http/faults.ts";

/** Keeps links, and what they redirect to, from reaching machines that only this one can reach. */
export interface AddressGuard {
  /** @throws HttpFault when this address may not be asked. Of a host name only the name is judged, not yet its addresses. */
  check(url: URL): void;
  /**
   * Looks up host names for connections, in place of Node's own. The address that is judged is the one that is connected
   * to, so a name server that answers otherwise the next time gains nothing.
   */
  readonly lookup: LookupFunction;
}

/** As `dns.lookup` with the option `all`. */
export type Resolve = (
  host: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The guard that settings ask for. */
export function guardAddresses(
  settings: Pick<DataSettings["download"], "hosts" | "allow_private">,
  resolve: Resolve = lookup,
): AddressGuard {
  const { hosts, allow_private: allowPrivate } = settings;
  const refusal = (host: string, addresses: readonly string[]) => {
    const inside = allowPrivate ? undefined : addresses.find((address) => !isPublicAddress(address));
    return inside === undefined ? undefined : privateAddress(host, inside);
  };
  return {
    check({ hostname }) {
      const host = hostname.replace(/^\[|\]$/g, "");
      if (hosts && !hosts.some((pattern) => matchesHost(host, pattern)))
        throw lasting(`${host} is not in download.hosts`);
      const fault = ipaddr.isValid(host) ? refusal(host, [host]) : undefined; // Node looks no such address up
      if (fault) throw fault;
    },
    lookup(host, options, callback) {
      resolve(host, { ...options, all: true }, (error, addresses) => {
        const fault =
          error ??
          noAddress(host, addresses) ??
          refusal(
            host,
            addresses.map(({ address }) => address),
          );
        if (fault) callback(fault, "", 0);
        else if (options.all) callback(null, addresses);
        else callback(null, addresses[0].address, addresses[0].family);
      });
    },
  };
}

/**
 * Whether anybody on the internet would reach the same machine at this address: unicast by IANA's registries of
 * special-purpose addresses, and in IPv6 of the one block that is given out. An IPv4 address written as IPv6 is judged as
 * IPv4; tunnels (6to4, Teredo, NAT64) are refused, for they may lead to any IPv4 address.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(GLOBAL_UNICAST);
}

const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");

function privateAddress(host: string, address: string): HttpFault {
  const where = host === address ? host : `${host} is at ${address}, which`;
  return lasting(`${where} is no public address`);
}

function noAddress(host: string, addresses: readonly unknown[]): NodeJS.ErrnoException | undefined {
  return addresses.length > 0 ? undefined : Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" });
}

function matchesHost(host: string, pattern: string): boolean {
  const [name, wanted] = [host, pattern].map((text) => text.toLowerCase().replace(/\.$/, ""));
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) && name !== wanted.slice(2) : name === wanted;
}
