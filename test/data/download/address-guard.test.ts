import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { guardAddresses, isPublicAddress, type Resolve } from "../../../src/data/download/address-guard.ts";
import { openableUrl } from "../../../src/data/download/link-url.ts";

const CLOSED = { allow_private: false, hosts: null };

test.each(["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])(
  "%s is public",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ["this network", "0.0.0.0", "0.1.2.3"],
  ["private", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
  ["carrier-grade NAT", "100.64.0.1", "100.127.255.255"],
  ["loopback", "127.0.0.1", "127.255.0.9", "::1"],
  ["link-local", "169.254.169.254", "fe80::1", "fe80::1%eth0"],
  ["protocols and documentation", "192.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.7", "2001:db8::1", "3fff::1"],
  ["benchmarks", "198.18.0.1", "198.19.255.255", "2001:2::1"],
  ["multicast", "224.0.0.1", "239.255.255.255", "ff02::1"],
  ["reserved and broadcast", "240.0.0.1", "255.255.255.255"],
  ["unspecified, discarded, unique local, site-local", "::", "100::1", "fc00::1", "fd12::1", "fec0::1"],
  ["IPv4 inside IPv6", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"],
  ["6to4, Teredo, NAT64", "2002:7f00:1::1", "192.88.99.1", "2001::1", "64:ff9b::7f00:1", "64:ff9b:1::1"],
  ["not given out", "4000::1", "5f00::1", "e000::1"],
  ["no address", "", "example.org", "1.2.3.4.5", "12345::"],
])("%s: not public", (_, ...addresses) => {
  expect(addresses.filter(isPublicAddress)).toEqual([]);
});

describe("a link to an address", () => {
  const guard = guardAddresses(CLOSED);
  test.each([
    "http://127.0.0.1/a.jpg",
    "http://127.1/a.jpg",
    "http://2130706433/a.jpg",
    "http://0x7f.1/a.jpg",
    "http://0177.0.0.1/a.jpg",
    "http://127.0.0.1./a.jpg",
    "http://127。0。0。1/a.jpg",
    "http://[::1]/a.jpg",
    "http://[::ffff:127.0.0.1]/a.jpg",
    "http://[::ffff:7f00:1]:8080/a.jpg",
    "https://169.254.169.254/a.jpg",
    "http://0/a.jpg",
  ])("%s is refused before anything is opened", (link) => {
    expect(() => openableUrl(link, guard)).toThrow(/is no public address$/);
  });

  test("is allowed when it is public, or everything is", () => {
    expect(openableUrl("http://8.8.8.8/a.jpg", guard).host).toBe("8.8.8.8");
    expect(openableUrl("http://127.1/a.jpg", guardAddresses({ ...CLOSED, allow_private: true })).host).toBe(
      "127.0.0.1",
    );
  });
});

describe("hosts that may be asked", () => {
  const guard = guardAddresses({ allow_private: false, hosts: ["images.example.org", "*.example.com", "8.8.8.8"] });
  test.each([
    "http://images.example.org/a.jpg",
    "http://IMAGES.example.org./a.jpg",
    "https://images.example.org:8443/a.jpg",
    "http://a.example.com/a.jpg",
    "http://a.b.example.com/a.jpg",
    "http://8.8.8.8/a.jpg",
  ])("%s is one", (link) => expect(openableUrl(link, guard).href).toBeTruthy());

  test.each([
    "http://example.org/a.jpg",
    "http://images.example.org.evil.net/a.jpg",
    "http://notimages.example.org/a.jpg",
    "http://example.com/a.jpg",
    "http://evilexample.com/a.jpg",
    "http://8.8.4.4/a.jpg",
  ])("%s is none", (link) => expect(() => openableUrl(link, guard)).toThrow(/is not in download\.hosts$/));

  test("a private address stays refused although it is in the list", () => {
    const inside = guardAddresses({ allow_private: false, hosts: ["10.0.0.1"] });
    expect(() => openableUrl("http://10.0.0.1/a.jpg", inside)).toThrow(/is no public address/);
  });
});

describe("a host name, when a connection looks it up", () => {
  const answering = (...addresses: string[]) => {
    const answer = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    return (_: string, __: unknown, callback: Parameters<Resolve>[2]) => callback(null, answer);
  };
  const lookUp = (resolve: Resolve, options: object, settings = CLOSED) =>
    new Promise<string | LookupAddress[]>((done, fail) => {
      const { lookup } = guardAddresses(settings, resolve);
      lookup("name.example.org", options, (error, address) => (error ? fail(error) : done(address)));
    });

  test("is connected to by the addresses that were judged", async () => {
    expect(await lookUp(answering("8.8.8.8"), {})).toBe("8.8.8.8");
    expect(await lookUp(answering("8.8.8.8", "2606:4700::1"), { all: true })).toEqual([
      { address: "8.8.8.8", family: 4 },
      { address: "2606:4700::1", family: 6 },
    ]);
  });

  test.each([
    ["one that is not public", ["127.0.0.1"]],
    ["a public one and one that is not", ["8.8.8.8", "10.0.0.1"]],
    ["an IPv4 one in disguise", ["8.8.8.8", "::ffff:169.254.169.254"]],
  ])("%s: refused, whichever would be taken", async (_, addresses) => {
    for (const options of [{}, { all: true }]) {
      await expect(lookUp(answering(...addresses), options)).rejects.toThrow(
        `name.example.org is at ${addresses.at(-1)}, which is no public address`,
      );
    }
  });

  test("that is answered otherwise the second time is judged the second time", async () => {
    const answers = ["8.8.8.8", "127.0.0.1"];
    const rebinding: Resolve = (host, options, callback) => answering(answers.shift()!)(host, options, callback);
    const { lookup } = guardAddresses(CLOSED, rebinding);
    const once = () =>
      new Promise((done) =>
        lookup("name.example.org", { all: true }, (error, address) => done(error?.message ?? address)),
      );
    expect(await once()).toEqual([{ address: "8.8.8.8", family: 4 }]);
    expect(await once()).toBe("name.example.org is at 127.0.0.1, which is no public address");
  });

  test("may be private when everything is allowed", async () => {
    expect(await lookUp(answering("10.0.0.1"), {}, { ...CLOSED, allow_private: true })).toBe("10.0.0.1");
  });

  test("without an address, or without an answer, is an error", async () => {
    await expect(lookUp(answering(), {})).rejects.toThrow(/has no address/);
    const broken: Resolve = (_, __, callback) => callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
    await expect(lookUp(broken, {})).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});
