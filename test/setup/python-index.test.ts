import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { foundAt, openHttp } from "../../src/setup/http.ts";
import { fetchFile, listFiles, parseIndex } from "../../src/setup/python-index.ts";
import {
  babble,
  chunked,
  type ImageServer,
  image,
  redirect,
  reset,
  startImageServer,
  status,
} from "../support/image-server.ts";
import { workFolder } from "../support/work-folder.ts";
import { ranged, sha256 } from "./make-wheel.ts";

const folder = workFolder();
const bytes = Buffer.from("0123456789".repeat(20_000));
let [server, other]: ImageServer[] = [];

beforeAll(async () => {
  [server, other] = [await startImageServer(), await startImageServer()];
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const client = (address = `http://${server.host}/simple/`, signal?: AbortSignal) =>
  openHttp(new URL(address), signal, 1);

/** What a fetched file is, and how it came to be. */
async function fetchOne(path: string, options: { sha256?: string | null; there?: Buffer; address?: string } = {}) {
  const target = mkdtempSync(join(folder, "downloads-"));
  if (options.there) writeFileSync(join(target, "x.whl.part"), options.there);
  const steps: number[][] = [];
  await using http = client(options.address);
  const expected = options.sha256 === undefined ? sha256(bytes) : options.sha256;
  const url = new URL(path, `http://${server.host}`);
  const file = { name: "x.whl", url, sha256: expected, size: bytes.length, yanked: false };
  const result = fetchFile(http, file, target, (...step) => void steps.push(step));
  const outcome: { content?: Buffer; error?: unknown } = await result.then(
    (found) => ({ content: readFileSync(found) }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, steps, names: readdirSync(target) };
}

test("a page of JSON and one of HTML say the same", async () => {
  const [first, second] = ["a".repeat(64), "b".repeat(64)];
  server.serve("/simple/json/", (response) => {
    response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" });
    const taken = {
      filename: "p-2-py3-none-any.whl",
      url: "https://files.example/p-2-py3-none-any.whl",
      hashes: { sha256: second },
      yanked: "broken",
    };
    const sdist = { filename: "p-1.tar.gz", url: "/p-1.tar.gz", hashes: {} };
    response.end(
      JSON.stringify({
        files: [
          { filename: "p-1-py3-none-any.whl", url: "../../p-1-py3-none-any.whl", hashes: { sha256: first } },
          taken,
          sdist,
        ],
      }),
    );
  });
  server.serve("/simple/html/", (response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!DOCTYPE html><a href="../../p-1-py3-none-any.whl#sha256=${first}" data-requires-python="&gt;=3">p</a>
      <A data-yanked='broken' HREF='https://files.example/p-2-py3-none-any.whl#sha256=${second}'>p</A> <a href="/p-1.tar.gz">p</a>`);
  });
  await using http = client();
  const index = new URL(`http://${server.host}/simple/`);
  const files = await listFiles(http, index, "json");
  expect(files.map(({ sha256: hash, yanked }) => [hash, yanked])).toEqual([
    [first, false],
    [second, true],
    [null, false],
  ]);
  expect(files[0].url.href).toBe(`http://${server.host}/p-1-py3-none-any.whl`);
  expect(await listFiles(http, index, "html")).toEqual(files);
});

test("the links of a page of HTML are read as browsers do", async () => {
  const page = `<a data-requires-python=">=3.9,<4" href="a-1.whl">a</a>
    <a href=b-1.whl>b</a> <a href=/data-yanked/c-1.whl data-yanked>c</a>
    <a rel="internal" title='data-yanked="href=x"' href = "/data-yanked/d-1.whl" href="e.whl">d</a>
    <a data-href="e.whl" name=e>e</a> <a href="">f</a> <abbr href="g.whl">g</abbr>`;
  server.serve("/simple/odd/", image(Buffer.from(page)));
  await using http = client();
  const files = await listFiles(http, new URL(`http://${server.host}/simple/`), "odd");
  expect(files.map(({ url, yanked }) => [url.pathname, yanked])).toEqual([
    ["/simple/odd/a-1.whl", false],
    ["/simple/odd/b-1.whl", false],
    ["/data-yanked/c-1.whl", true],
    ["/data-yanked/d-1.whl", false],
  ]);
});

test("a project that an index lacks is named with what to do, and so is an index that is none", async () => {
  await using http = client();
  const index = new URL(`http://${server.host}/simple/`);
  await expect(listFiles(http, index, "tensorflow")).rejects.toThrow(
    `${server.host}/simple/: has no package tensorflow`,
  );
  server.serve("/simple/babble/", babble);
  await expect(listFiles(http, index, "babble")).rejects.toMatchObject({ hint: expect.stringContaining("--index") });
  for (const url of ["file:///srv/simple", "pypi"]) {
    expect(() => parseIndex({ url, from: "--index" })).toThrow("is no address of the web");
  }
  for (const url of ["me:secret@pypi.example/simple", "ftp://me:secret@pypi.example", "//me:secret@pypi.example"]) {
    expect(() => parseIndex({ url, from: "PIP_INDEX_URL" })).toThrow(/^(?!.*secret).*pypi\.example/);
  }
});

test("links of a page count from where it was found", async () => {
  server.serve("/simple/moved/", redirect(`http://${other.host}/mirror/simple/moved/`));
  other.serve("/mirror/simple/moved/", image(Buffer.from('<a href="../../p-1-py3-none-any.whl">p</a>')));
  await using http = client();
  const [file] = await listFiles(http, new URL(`http://${server.host}/simple/`), "moved");
  expect(file.url.href).toBe(`http://${other.host}/mirror/p-1-py3-none-any.whl`);
});

test("a page of https that comes by way of http is not believed: its checksums would be anyone's", () => {
  const [index, mirror] = [new URL("https://index.example/simple/p/"), new URL("https://mirror.example/p/")];
  expect(foundAt(index, [index, mirror])).toBe(mirror);
  expect(() => foundAt(index, [index, new URL("http://mirror.example/p/"), mirror])).toThrow(
    "leads from https to http",
  );
  const plain = new URL("http://index.example/simple/p/");
  expect(foundAt(plain, [plain, mirror])).toBe(mirror);
});

test("links that are none are passed over, and a checksum may be in capitals", async () => {
  const hash = "AB".repeat(32);
  server.serve("/simple/links/", image(Buffer.from('<a href="%zz%ff-1.whl">p</a> <a href="http://[">p</a>')));
  const files = ["http://[", "p-1-py3-none-any.whl"].map((url) => ({ filename: "p", url, hashes: { sha256: hash } }));
  const type = { "content-type": "application/vnd.pypi.simple.v1+json" };
  server.serve("/simple/json-links/", image(Buffer.from(JSON.stringify({ files })), type));
  await using http = client();
  const index = new URL(`http://${server.host}/simple/`);
  expect(await listFiles(http, index, "links")).toHaveLength(1);
  const [only, ...more] = await listFiles(http, index, "json-links");
  expect([only.sha256, more]).toEqual([hash.toLowerCase(), []]);
});

test("a page without an end is given up", async () => {
  server.serve("/simple/endless/", chunked(Buffer.alloc(65 * 2 ** 20)));
  await using http = client();
  const pages = listFiles(http, new URL(`http://${server.host}/simple/`), "endless");
  await expect(pages).rejects.toThrow("the page is far too large");
  expect(server.requests.get("/simple/endless/")).toBe(1);
});

test("a file comes whole and checked, with its progress", async () => {
  server.serve("/whole", ranged(bytes));
  const { content, steps, names } = await fetchOne("/whole");
  expect(content?.equals(bytes)).toBe(true);
  expect(steps.at(-1)).toEqual([bytes.length, bytes.length]);
  expect(names).toEqual(["x.whl"]);
});

test("what an earlier call has fetched is not fetched again", async () => {
  const asked: IncomingHttpHeaders[] = [];
  server.serve("/resumed", (response, nth, request) => {
    asked.push(request.headers);
    ranged(bytes)(response, nth, request);
  });
  const { content, steps } = await fetchOne("/resumed", { there: bytes.subarray(0, 150_000) });
  expect(content?.equals(bytes)).toBe(true);
  expect(asked.map(({ range }) => range)).toEqual(["bytes=150000-"]);
  expect(steps[0][0]).toBeGreaterThan(150_000);
  expect((await fetchOne("/resumed", { there: bytes })).content?.equals(bytes)).toBe(true);
});

test("a file that is there is used if it is the one that the index has now", async () => {
  server.serve("/there", image(bytes));
  const target = mkdtempSync(join(folder, "downloads-"));
  const file = { name: "x.whl", url: new URL(`http://${server.host}/there`), size: null, yanked: false };
  await using http = client();
  const fetchTo = async () => readFileSync(await fetchFile(http, { ...file, sha256: sha256(bytes) }, target, () => {}));
  writeFileSync(join(target, "x.whl"), "of another index");
  expect((await fetchTo()).equals(bytes)).toBe(true);
  expect((await fetchTo()).equals(bytes)).toBe(true);
  expect(server.requests.get("/there")).toBe(1);
});

test("a server that begins anew all the same is taken at its word", async () => {
  server.serve("/anew", image(bytes));
  expect((await fetchOne("/anew", { there: bytes.subarray(0, 1000) })).content?.equals(bytes)).toBe(true);
});

test("a connection that breaks off is taken up where it broke", async () => {
  server.serve("/broken", (response, nth, request) =>
    (nth === 1 ? reset(bytes, 50_000) : ranged(bytes))(response, nth, request),
  );
  expect((await fetchOne("/broken")).content?.equals(bytes)).toBe(true);
  expect(server.requests.get("/broken")).toBe(2);
});

test("a fault of the server that stays is told after some attempts, one that is for good at once", async () => {
  server.serve("/down", status(503));
  server.serve("/gone", status(410));
  const { error } = await fetchOne("/down");
  expect(error).toMatchObject({
    name: "InputError",
    message: `http://${server.host}/down: the server answered 503 Service Unavailable`,
  });
  expect(server.requests.get("/down")).toBe(5);
  expect((await fetchOne("/gone")).error).toMatchObject({ message: expect.stringContaining("410 Gone") });
  expect(server.requests.get("/gone")).toBe(1);
});

test("a file with another checksum is thrown away, so that the next call fetches it anew", async () => {
  server.serve("/other", image(bytes));
  const { error, names } = await fetchOne("/other", { sha256: "0".repeat(64) });
  expect(error).toMatchObject({ name: "InputError", hint: expect.stringContaining("start the same command again") });
  expect((error as Error).message).toContain(sha256(bytes));
  expect(names).toEqual([]);
});

test("a file without a checksum is not even asked for", async () => {
  const { error } = await fetchOne("/never", { sha256: null });
  expect((error as Error).message).toContain("gives no SHA-256");
  expect(server.requests.has("/never")).toBe(false);
});

test("a file that is larger than the index says is not taken", async () => {
  server.serve("/large", image(Buffer.concat([bytes, bytes])));
  expect((await fetchOne("/large")).error).toMatchObject({
    message: expect.stringContaining("is larger than 200000 bytes"),
  });
});

test("the index's name and password go to its own host and to no other, and into no message", async () => {
  const seen: (string | undefined)[] = [];
  server.serve("/login", (response, nth, request) => {
    seen.push(request.headers.authorization);
    redirect(`http://${other.host}/elsewhere`)(response, nth, request);
  });
  other.serve("/elsewhere", (response, nth, request) => {
    seen.push(request.headers.authorization);
    status(403)(response, nth, request);
  });
  const { error } = await fetchOne("/login", { address: `http://me:pass%20word@${server.host}/simple/` });
  expect(seen).toEqual([`Basic ${Buffer.from("me:pass word").toString("base64")}`, undefined]);
  expect((error as Error).message).not.toMatch(/word/);
  await fetchOne("/login", { address: `http://me:100%@${server.host}/simple/` });
  expect(seen[2]).toBe(`Basic ${Buffer.from("me:100%").toString("base64")}`);
});

test("a mirror's token in an address reaches its host and no message", async () => {
  server.serve("/signed?token=secret", status(403));
  const { error } = await fetchOne("/signed?token=secret");
  expect((error as Error).message).toBe(`http://${server.host}/signed: the server answered 403 Forbidden`);
});

test("an interrupted call leaves what came for the next", async () => {
  const controller = new AbortController();
  server.serve("/slow", (response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, 1000));
  });
  await using http = client(undefined, controller.signal);
  const file = {
    name: "x.whl",
    url: new URL(`http://${server.host}/slow`),
    sha256: sha256(bytes),
    size: null,
    yanked: false,
  };
  const target = mkdtempSync(join(folder, "downloads-"));
  await expect(fetchFile(http, file, target, () => controller.abort())).rejects.toThrow();
  expect(readFileSync(join(target, "x.whl.part")).length).toBe(1000);
});
