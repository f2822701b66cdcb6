import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { WebFault } from "./fault.ts";
import { PAGE_POLICY } from "./shell.ts";

/** One for each port: a browser sends a host's cookies to all of them. */
const cookieOf = ({ req }: Context) => ["amlc-token", new URL(req.url).port].filter((part) => part !== "").join("-");

/** Whether nobody but this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** What every answer says of itself: nothing of others is loaded, nothing of ours is shown or read by others. */
export const saySafety: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", PAGE_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("cross-origin-opener-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};

/** Nothing here changes anything. */
export const readOnly: MiddlewareHandler = async ({ req, header }, next) => {
  if (req.method === "GET" || req.method === "HEAD") return next();
  header("allow", "GET, HEAD");
  throw new WebFault(405, `${req.method}: this page only shows runs`, "ask with GET");
};

/**
 * Answers to the name of this machine alone. A page from elsewhere whose own name suddenly means 127.0.0.1 (DNS rebinding)
 * still asks for its own name.
 */
export function ownName(host: string): MiddlewareHandler {
  const own = new Set(["localhost", host, ...(isLoopback(host) ? [] : [hostname()])].map((name) => name.toLowerCase()));
  return async ({ req }, next) => {
    const name = nameIn(req.header("host") ?? new URL(req.url).host);
    const isOwn = own.has(name) || (isLoopback(host) ? isLoopback(name) : isIP(name) !== 0);
    if (isOwn) return next();
    throw new WebFault(403, "this server does not answer to that name", "open the address that amlc ui has printed");
  };
}

/** `[::1]:4321` is ::1, `localhost:4321` localhost. */
const nameIn = (host: string) =>
  host
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();

/** Lets in who has the token: from the address once, from then on from a cookie. */
export function wantToken(token: string): MiddlewareHandler {
  return async (c, next) => {
    const given = c.req.query("token");
    if (given !== undefined && isSame(given, token)) return keepToken(c, token);
    if (isSame(getCookie(c, cookieOf(c)) ?? "", token)) return next();
    throw new WebFault(
      401,
      "this page is not open to everybody",
      "open the address with ?token= that amlc ui has printed",
    );
  };
}

function keepToken(c: Context, token: string): Response {
  setCookie(c, cookieOf(c), token, { httpOnly: true, sameSite: "Strict", path: "/" });
  const address = new URL(c.req.url);
  address.searchParams.delete("token");
  // A path that begins with two slashes would be another server's name.
  return c.redirect(`${address.pathname.replace(/^\/+/, "/")}${address.search}`);
}

/** Takes the same time wherever two texts differ. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a, b);
}
