import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadModel } from "../../src/model/model.ts";
import { type PullModelOptions, pullModel } from "../../src/recipes/pull-model.ts";
import { InputError, InterruptedError } from "../../src/util/errors.ts";
import {
  breakOff,
  type HubServer,
  listEntry,
  type ServedFile,
  sendJson,
  startHubServer,
} from "../support/hub-server.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { workFolder } from "../support/work-folder.ts";

const TINY = join("checkpoints", "tiny");
const MODEL = "google/paligemma-tiny";
const WEIGHTS = "model.safetensors";
const TOKEN = { source: "HF_TOKEN", authorization: "Bearer hf_secret0123456789" };
const NAMES = readdirSync(TINY);
const tiny: Record<string, ServedFile> = Object.fromEntries(
  NAMES.map((name) => [
    name,
    { bytes: readFileSync(join(TINY, name)), large: /safetensors|tokenizer\.json/.test(name) },
  ]),
);
const weights = tiny[WEIGHTS]!.bytes;
const NINETY = Math.floor(0.9 * weights.length);

const folder = workFolder();
const at = (...names: string[]) => join(folder, ...names);
let hub: HubServer;
let count = 0;
let output: string;
beforeEach(async () => {
  hub = await startHubServer(MODEL, tiny);
  output = at(`out-${++count}`);
});
afterEach(() => hub[Symbol.asyncDispose]());

const pull = (more: Partial<PullModelOptions> = {}) =>
  pullModel({ model: MODEL, output, endpoint: hub.endpoint, token: null, pauseMs: 1, ...more });
const refusal = async (more: Partial<PullModelOptions> = {}) => {
  const error = await pull(more).then(
    () => new Error("it was pulled"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message, hint } = error as InputError;
  expect(`${message} ${hint}`).not.toContain("hf_secret");
  return { message, hint };
};
const beginsOf = (range: string | undefined) => Number(/^bytes=(\d+)-/.exec(range ?? "bytes=0-")![1]);
const rangesOf = (name: string) =>
  hub.requests
    .filter(({ server, path }) => server === "store" && path === `/${name}`)
    .map(({ range }) => beginsOf(range));
const intruder = (name: string, answer: (response: ServerResponse, begin: number, nth: number) => boolean) => {
  let nth = 0;
  return ({ url, headers }: IncomingMessage, response: ServerResponse) =>
    url!.endsWith(name) && answer(response, beginsOf(headers.range), ++nth);
};

describe("a model is fetched", () => {
  test("with the files that a model needs, under their checksums, and loads", async () => {
    const report = await pull();
    expect(readdirSync(output)).toEqual([...NAMES, "pull.json"].sort());
    for (const name of NAMES) expect(readFileSync(join(output, name)).equals(tiny[name]!.bytes)).toBe(true);
    expect(report).toMatchObject({
      ...{ folder: output, model: MODEL, commit: "a".repeat(40), kind: "base", parameters: 197_120, faults: [] },
      fetched: NAMES.reduce((sum, name) => sum + tiny[name]!.bytes.length, 0),
    });
    expect(Object.keys((await loadModel(output, "f32")).weights)).toHaveLength(59);
    expect(existsSync(`${output}.part`)).toBe(false);
  });

  test("and nothing else, whatever its files are called", async () => {
    const evil = { bytes: Buffer.from("{}"), large: false };
    const names = [
      "../evil.json",
      "/tmp/evil.json",
      "a/b.json",
      "..\\evil.json",
      "C:x.json",
      ".hidden.json",
      "nul.json",
    ];
    const foreign = [
      "model.bin",
      "model.gguf",
      "onnx/model.onnx",
      "README.md",
      "pull.json",
      "a\nb.json",
      "consolidated.safetensors",
    ];
    for (const name of [...names, ...foreign]) hub.files.set(name, evil);
    await pull();
    expect(readdirSync(output)).toEqual([...NAMES, "pull.json"].sort());
    expect(readdirSync(folder).filter((name) => name.includes("evil"))).toEqual([]);
    expect(hub.requests.some(({ path }) => /evil|gguf|README|hidden|consolidated/.test(path))).toBe(false);
  });

  test("while progress is told to the last byte", async () => {
    const told: [number, number][] = [];
    await pull({ onFetched: (done, total) => told.push([done, total]) });
    expect(told.at(-1)).toEqual([weights.length, weights.length]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));
  });

  test("as shards, those that its index names", async () => {
    hub.files.delete(WEIGHTS);
    const index = { weight_map: { a: "m-1.safetensors", b: "m-1.safetensors" } };
    hub.files.set("m-1.safetensors", { bytes: weights, large: true });
    hub.files.set("m-2.safetensors", { bytes: weights, large: true });
    hub.files.set("model.safetensors.index.json", { bytes: Buffer.from(JSON.stringify(index)), large: false });
    const { files } = await pull();
    expect(files).toContain("m-1.safetensors");
    expect(files).not.toContain("m-2.safetensors");
  });

  test("from a list in pages; a page elsewhere does not see the token", async () => {
    await using elsewhere = await startHubServer(MODEL, {});
    elsewhere.intrude.hub = (_request, response) => {
      const entry = { type: "file", path: "added_tokens.json", size: 0, oid: "b".repeat(40) };
      sendJson(response, [{ ...entry, type: "directory" }]);
      return true;
    };
    hub.intrude.hub = ({ url }, response) => {
      if (!url!.includes("/tree/")) return false;
      const link = `<${elsewhere.endpoint}/next>; rel="next"`;
      const entries = [...hub.files].map(([path, file]) => listEntry(path, file));
      sendJson(response, entries, { link });
      return true;
    };
    await pull({ token: TOKEN });
    expect(elsewhere.requests).toEqual([{ server: "hub", path: "/next", range: undefined, authorization: undefined }]);
  });
});

test("the token goes to the hub, not to the store that it leads to, and into no file", async () => {
  const said: string[] = [];
  const report = await pull({ token: TOKEN, note: (text) => said.push(text) });
  const seen = (server: string) => new Set(hub.requests.filter((r) => r.server === server).map((r) => r.authorization));
  expect([seen("hub"), seen("store")]).toEqual([new Set([TOKEN.authorization]), new Set([undefined])]);
  const texts = readdirSync(output).map((name) => readFileSync(join(output, name), "latin1"));
  expect([...texts, ...said, JSON.stringify(report)].some((text) => text.includes("hf_secret"))).toBe(false);
});

test("a token is not sent over an open way to another machine", async () => {
  expect((await refusal({ token: TOKEN, endpoint: "http://mirror.example" })).message).toMatch(
    /HF_ENDPOINT http:\/\/mirror\.example: anybody on the way could read the token in HF_TOKEN/,
  );
});

describe("a connection that is lost at 90 %", () => {
  const lostAtNinety = intruder(WEIGHTS, (response, begin) =>
    breakOff(response, weights, begin, Math.max(NINETY, begin)),
  );

  test("is taken up again where it was", async () => {
    hub.intrude.store = intruder(
      WEIGHTS,
      (response, begin, nth) => nth === 1 && breakOff(response, weights, begin, NINETY),
    );
    const said: string[] = [];
    const report = await pull({ note: (text) => said.push(text) });
    expect(rangesOf(WEIGHTS)).toEqual([0, NINETY]);
    expect(report).toMatchObject({ parameters: 197_120, faults: [] });
    expect(said).toEqual([expect.stringMatching(/broken off.*; trying again$/)]);
  });

  test("for good ends with the bytes that are there and the command, which then goes on", async () => {
    hub.intrude.store = lostAtNinety;
    const { message, hint } = await refusal({ revision: "main" });
    expect(message).toMatch(
      /^model\.safetensors \(\d{3},\d{3} of 795,184 bytes are there\): the connection was broken off/,
    );
    expect(hint).toBe(`the same command goes on from there: amlc model pull ${MODEL} -o ${output} --revision main`);
    expect(rangesOf(WEIGHTS)).toEqual([0, ...Array(7).fill(NINETY)]);
    expect(existsSync(output)).toBe(false);

    hub.intrude.store = () => false;
    hub.requests.length = 0;
    const report = await pull();
    expect(report.fetched).toBe(weights.length - NINETY);
    expect(rangesOf(WEIGHTS)).toEqual([NINETY]);
    expect(readFileSync(join(output, WEIGHTS)).equals(weights)).toBe(true);
  });

  test("of a server that cannot go on in the middle begins anew", async () => {
    hub.intrude.store = intruder(WEIGHTS, (response, begin, nth) => {
      if (nth === 1) return breakOff(response, weights, begin, NINETY);
      response.writeHead(200, { "content-length": weights.length }).end(weights);
      return true;
    });
    expect((await pull()).fetched).toBe(
      NINETY + weights.length + NAMES.reduce((n, name) => n + (name === WEIGHTS ? 0 : tiny[name]!.bytes.length), 0),
    );
  });
});

describe("a file that changes on the server between two tries", () => {
  const changed = Buffer.from(weights).fill(7, weights.length - 64);
  const loseThenChange = () => {
    hub.intrude.store = intruder(WEIGHTS, (response, begin, nth) => {
      if (nth > 1) return false;
      hub.files.set(WEIGHTS, { bytes: changed, large: true });
      return breakOff(response, weights, begin, NINETY);
    });
  };

  test("is not pieced together, and the next start fetches what is there now", async () => {
    loseThenChange();
    expect((await refusal()).message).toBe("model.safetensors: has changed on the server since its files were listed");
    hub.commit = "b".repeat(40);
    expect((await pull()).commit).toBe("b".repeat(40));
    expect(readFileSync(join(output, WEIGHTS)).equals(changed)).toBe(true);
    expect(rangesOf(WEIGHTS).at(-1)).toBe(0);
    expect(readdirSync(output).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("under a mark that stayed the same is found by its checksum, and fetched once more", async () => {
    hub.intrude.store = intruder(WEIGHTS, (response, begin, nth) => {
      if (nth === 1) return breakOff(response, Buffer.from(weights).fill(9, 0, 1000), begin, NINETY);
      return false;
    });
    await pull();
    expect(rangesOf(WEIGHTS)).toEqual([0, NINETY, 0]);
    expect(readFileSync(join(output, WEIGHTS)).equals(weights)).toBe(true);
  });

  test("for ever is refused by its checksum, and nothing of it stays", async () => {
    hub.intrude.store = intruder(WEIGHTS, (response) => {
      response.writeHead(200, { "content-length": changed.length }).end(changed);
      return true;
    });
    expect((await refusal()).message).toMatch(
      /^model\.safetensors: its checksum is [0-9a-f]{64}, the server promised /,
    );
    expect(readdirSync(`${output}.part`).filter((name) => name.startsWith(WEIGHTS))).toEqual([]);
  });

  test("to another size is refused", async () => {
    hub.intrude.store = intruder(WEIGHTS, (response, begin, nth) => {
      if (nth === 1) return breakOff(response, weights, begin, NINETY);
      response.writeHead(206, { "content-range": `bytes ${begin}-${begin + 9}/${begin + 10}` }).end("0123456789");
      return true;
    });
    expect((await refusal()).message).toMatch(/has \d+ bytes on the server now, and had 795184/);
  });

  test("to more than was promised is cut off", async () => {
    hub.intrude.store = intruder(WEIGHTS, (response) => {
      response.writeHead(200).end(Buffer.concat([weights, weights]));
      return true;
    });
    expect((await refusal()).message).toMatch(/the server sends more than the 795184 bytes that it promised/);
  });
});

describe("what may not be read says what to do:", () => {
  const answering = (status: number, headers: Record<string, string> = {}, where = "/resolve/") => {
    hub.intrude.hub = ({ url }, response) => {
      if (!url!.includes(where)) return false;
      response.writeHead(status, headers).end("{}");
      return true;
    };
  };

  test.each([401, 403])("a gated model without a token (%i)", async (status) => {
    answering(status, { "x-error-code": "GatedRepo" });
    const { message, hint } = await refusal();
    expect(message).toBe(`${MODEL}: is given to those who have accepted its licence, and there is no token`);
    expect(hint).toBe(
      `accept the licence at ${hub.endpoint}/${MODEL}, and set HF_TOKEN to a token with read access ` +
        `(${hub.endpoint}/settings/tokens) of that account`,
    );
  });

  test("a gated model, and a token whose owner has not accepted", async () => {
    answering(403, { "x-error-code": "GatedRepo" });
    expect((await refusal({ token: TOKEN })).message).toMatch(
      /the account of the token in HF_TOKEN has not accepted it$/,
    );
  });

  test("a wrong token", async () => {
    answering(401, {}, "/api/");
    const { message, hint } = await refusal({ token: TOKEN });
    expect(message).toBe(`${MODEL}: the server does not know the token in HF_TOKEN`);
    expect(hint).toMatch(/^set HF_TOKEN to a token with read access/);
  });

  test("a token without the right to it", async () => {
    answering(403, {}, "/api/");
    expect((await refusal({ token: TOKEN })).message).toBe(`${MODEL}: the token in HF_TOKEN may not read it`);
  });

  test("a name that is none, as the hub answers without a token", async () => {
    answering(401, {}, "/api/");
    expect((await refusal()).message).toMatch(/there is no such model at http.*, or it is not public$/);
  });

  test("a name that is none, as it answers with one", async () => {
    answering(404, { "x-error-code": "RepoNotFound" }, "/api/");
    expect((await refusal({ token: TOKEN })).message).toBe(`${MODEL}: is not at ${hub.endpoint}`);
  });

  test("a revision that is none", async () => {
    answering(404, { "x-error-code": "RevisionNotFound" }, "/api/");
    expect((await refusal({ revision: "fp17" })).message).toBe(`${MODEL}: has no revision "fp17"`);
  });

  test("a server with a fault, after some attempts", async () => {
    answering(503, {}, "/api/");
    expect((await refusal()).message).toMatch(/: the server answered 503 Service Unavailable$/);
    expect(hub.requests).toHaveLength(4);
  });

  test("what is no hub", async () => {
    hub.intrude.hub = (_request, response) => {
      response.writeHead(200).end("<html>welcome</html>");
      return true;
    };
    expect((await refusal()).message).toMatch(/ gave no list of its files: /);
  });

  test("a list of what can be no file, in one line", async () => {
    hub.intrude.hub = ({ url }, response) => {
      if (!url!.includes("/tree/")) return false;
      sendJson(response, [{ type: "file", path: "config.json", size: -5, oid: "a".repeat(40) }]);
      return true;
    };
    expect((await refusal()).message).toMatch(/^google\/paligemma-tiny: list of files: size: [^\n]+ >=0$/);
  });
});

describe("refused before its weights are asked for:", () => {
  const noWeights = () => expect(hub.requests.filter(({ path }) => path.includes("safetensors"))).toEqual([]);
  const put = (name: string, text: string) => hub.files.set(name, { bytes: Buffer.from(text), large: false });

  test("another family, of which nothing stays", async () => {
    put("config.json", '{ "model_type": "llama" }');
    expect((await refusal()).message).toBe(
      `${MODEL}/config.json: model_type is "llama", wanted is "paligemma": this is a checkpoint of another family`,
    );
    noWeights();
    expect([existsSync(output), existsSync(`${output}.part`)]).toEqual([false, false]);
  });

  test("what is no model", async () => {
    hub.files.delete("config.json");
    expect((await refusal()).message).toMatch(/has no config\.json and no adapter_config\.json/);
    noWeights();
  });

  test("weights in other formats alone", async () => {
    hub.files.delete(WEIGHTS);
    hub.files.set("pytorch_model.bin", tiny[WEIGHTS]!);
    expect((await refusal()).message).toMatch(/has no weights as \.safetensors/);
  });

  test("an index of shards that the server has not", async () => {
    put("model.safetensors.index.json", '{ "weight_map": { "a": "model-1.safetensors", "b": "../b.safetensors" } }');
    expect((await refusal()).message).toMatch(
      /names files that the model has not: model-1\.safetensors, \.\.\/b\.safetensors$/,
    );
  });

  test("two files of one name", async () => {
    put("Config.json", "{}");
    expect((await refusal()).message).toMatch(/two files of one name: \w+\.json and \w+\.json/);
  });

  test.each(["paligemma", "a/b/c", "../a", "a/..", "google/pali gemma", "/etc/passwd"])(
    "the name %j",
    async (model) => {
      expect((await refusal({ model })).message).toMatch(/is no name of a model on the hub$/);
      expect(hub.requests).toEqual([]);
    },
  );

  test("a folder with something else, which stays as it is", async () => {
    mkdirSync(output);
    writeFileSync(join(output, "thesis.txt"), "");
    expect((await refusal()).message).toMatch(/is a folder that holds something else/);
    expect([readdirSync(output), hub.requests]).toEqual([["thesis.txt"], []]);
  });

  test("a folder of somebody's own where the model is to grow, which stays as it is", async () => {
    mkdirSync(`${output}.part`);
    writeFileSync(join(`${output}.part`, "thesis.txt"), "");
    expect((await refusal()).message).toBe(`${output}.part: is a folder that holds something else`);
    expect(readdirSync(`${output}.part`)).toEqual(["thesis.txt"]);
    noWeights();
  });

  const disk = at("disk");
  // A small disk takes Linux and root.
  test.skipIf(!mountSmallDisk(disk))("more than the disk has room for", async () => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, "ballast"), new Uint8Array(bavail * bsize - 500_000));
    output = join(disk, "model");
    expect((await refusal()).message).toMatch(
      /model\.part: 795,184 bytes are needed on that disk, [\d,]+ bytes are free/,
    );
    noWeights();
  });
});

test("stopped on the way it keeps what has come and prints the command, which goes on", async () => {
  const stop = new AbortController();
  hub.intrude.store = intruder(WEIGHTS, (response, _begin, nth) => {
    if (nth > 1) return false;
    response.writeHead(200, { "content-length": weights.length }).write(weights.subarray(0, NINETY));
    return true;
  });
  const stopped = pull({ signal: stop.signal, onFetched: (done) => void (done === NINETY && stop.abort()) });
  const error = (await stopped.catch((e: unknown) => e)) as InterruptedError;
  expect(error).toBeInstanceOf(InterruptedError);
  expect(error.message).toBe(`${MODEL}: stopped; what has come is kept in ${output}.part`);
  expect(error.hint).toBe(`the same command goes on from there: amlc model pull ${MODEL} -o ${output}`);
  expect((await pull()).fetched).toBe(weights.length - NINETY);
});

describe("a model that was fetched before", () => {
  test("is not fetched again", async () => {
    await pull();
    hub.requests.length = 0;
    const said: string[] = [];
    expect(await pull({ note: (text) => said.push(text) })).toMatchObject({ fetched: 0, parameters: 197_120 });
    expect(said).toEqual([`${output}: is ${MODEL} at its commit ${"a".repeat(40)} already`]);
    expect(hub.requests.some(({ path }) => path.includes("/resolve/"))).toBe(false);
  });

  test("is brought to a later commit by the files that differ", async () => {
    await pull();
    hub.requests.length = 0;
    hub.commit = "c".repeat(40);
    const config = Buffer.concat([tiny["generation_config.json"]!.bytes, Buffer.from("\n")]);
    hub.files.set("generation_config.json", { bytes: config, large: false });
    hub.files.delete("processor_config.json");
    expect(await pull()).toMatchObject({ fetched: config.length, commit: "c".repeat(40) });
    expect(readdirSync(output)).toEqual(
      [...NAMES, "pull.json"].filter((name) => name !== "processor_config.json").sort(),
    );
    expect(rangesOf(WEIGHTS)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith(`out-${count}.`))).toEqual([]);
  });

  test("leaves a folder alone that somebody keeps beside it", async () => {
    await pull();
    mkdirSync(`${output}.old`);
    writeFileSync(join(`${output}.old`, "thesis.txt"), "");
    hub.commit = "d".repeat(40);
    expect((await pull()).commit).toBe("d".repeat(40));
    expect(readdirSync(`${output}.old`)).toEqual(["thesis.txt"]);
  });

  test("is mended where a file of it has gone", async () => {
    await pull();
    writeFileSync(join(output, WEIGHTS), weights.subarray(0, 100));
    expect((await pull()).fetched).toBe(weights.length);
    expect(readFileSync(join(output, WEIGHTS)).equals(weights)).toBe(true);
  });

  test("is not replaced by another", async () => {
    await pull();
    expect((await refusal({ model: "google/other" })).message).toBe(`${output}: is of ${MODEL}`);
  });
});
