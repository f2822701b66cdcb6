import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { amlc, startAmlc } from "../../../support/cli.ts";
import { type HubServer, type ServedFile, startHubServer } from "../../../support/hub-server.ts";
import { workFolder } from "../../../support/work-folder.ts";

const TINY = join("checkpoints", "tiny");
const MODEL = "google/paligemma-tiny";
const SECRET = "hf_secret0123456789";
const folder = workFolder();
const tiny: Record<string, ServedFile> = Object.fromEntries(
  readdirSync(TINY).map((name) => [
    name,
    { bytes: readFileSync(join(TINY, name)), large: name.endsWith(".safetensors") },
  ]),
);
const weights = tiny["model.safetensors"]!.bytes;

let hub: HubServer;
const before = { ...process.env };
beforeAll(async () => {
  hub = await startHubServer(MODEL, tiny);
  Object.assign(process.env, { HF_ENDPOINT: `${hub.endpoint}/`, HF_TOKEN: SECRET });
});
afterAll(async () => {
  for (const name of ["HF_ENDPOINT", "HF_TOKEN"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await hub[Symbol.asyncDispose]();
});

afterEach(() => {
  hub.intrude = { hub: () => false, store: () => false };
});

test("Ctrl-C leaves what has come and prints the command, which then ends the work", async () => {
  let asked = () => {};
  const half = new Promise<void>((resolve) => {
    asked = resolve;
  });
  hub.intrude.store = (_request, response) => {
    response.writeHead(200, { "content-length": weights.length }).write(weights.subarray(0, 500_000), asked);
    return true;
  };
  const command = ["model", "pull", MODEL];
  const first = startAmlc(folder, command);
  await Promise.race([half, first.ended]);
  const partFolder = join(folder, "checkpoints", "paligemma-tiny.part");
  const isPart = (name: string) => /^model\.safetensors\.\w+\.part$/.test(name);
  const come = () =>
    readdirSync(partFolder)
      .filter(isPart)
      .map((name) => statSync(join(partFolder, name)).size);
  await vi.waitFor(() => expect(come()).toEqual([500_000]), 10_000);
  first.process.kill("SIGINT");
  const stopped = await first.ended;
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toContain(`amlc ${command.join(" ")}\n`);
  expect(come()).toEqual([500_000]);
  expect(existsSync(join(folder, "checkpoints", "paligemma-tiny"))).toBe(false);

  hub.intrude.store = () => false;
  const second = await amlc(folder, ...command);
  expect([second.code, second.stdout]).toEqual([
    0,
    `checkpoints/paligemma-tiny: base of 197,120 numbers, 0.8 MB, ${MODEL} at ${"a".repeat(12)}\n`,
  ]);
  expect(hub.requests.at(-1)).toMatchObject({ server: "store", range: "bytes=500000-", authorization: undefined });
  expect(hub.requests.find(({ server }) => server === "hub")!.authorization).toBe(`Bearer ${SECRET}`);
  expect(stopped.stderr + second.stdout + second.stderr).not.toContain(SECRET);
});

test("--json prints one document", async () => {
  const { code, stdout } = await amlc(folder, "model", "pull", MODEL, "-o", "here", "--json");
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { folder: "here", model: MODEL, kind: "base", faults: [] }]);
  expect(stdout).not.toContain(SECRET);
});

test("a gated model leaves with 2 and says where to accept its licence", async () => {
  hub.intrude.hub = ({ url }, response) => {
    if (!url!.includes("/resolve/")) return false;
    response.writeHead(403, { "x-error-code": "GatedRepo" }).end();
    return true;
  };
  const { code, stderr } = await amlc(folder, "model", "pull", MODEL, "-o", "gated");
  expect(code).toBe(2);
  expect(stderr).toContain(`hint: accept the licence at ${hub.endpoint}/${MODEL}, and set HF_TOKEN`);
});
