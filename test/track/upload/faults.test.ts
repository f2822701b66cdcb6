import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { InputError } from "../../../src/util/errors.ts";
import { FAST_PACE, openLog, runFolderIn, settingsFor, sync, writeWholeLog } from "../../support/tracked-runs.ts";
import { brokenRules, startWandbServer, type WandbTestServer } from "../../support/wandb-server.ts";
import { workFolder } from "../../support/work-folder.ts";

const ROWS = 12;

async function trackedRun() {
  const folder = runFolderIn(workFolder());
  await writeWholeLog(folder, ROWS);
  return folder;
}

function expectWhole(server: WandbTestServer) {
  expect(server.history().map(({ _step }) => _step)).toEqual(Array.from({ length: ROWS }, (_, i) => i + 1));
  expect(server.run().state).toBe("finished");
  expect(brokenRules(server.requests)).toEqual([]);
}

test.each([
  ["graphql:UpsertBucket", { status: 409, times: 2 }],
  ["graphql:UpsertBucket", { status: 500, times: 3 }],
  ["graphql:RunResumeStatus", { status: 503, times: 3 }],
  ["graphql:CreateRunFiles", { status: 502, times: 3 }],
  ["file_stream", { status: 500, times: 5 }],
  ["file_stream", { status: 429, times: 2, headers: { "retry-after": "0" } }],
  ["file_stream", { drop: "before-body", times: 3 }],
  ["file_stream", { drop: "after-body", times: 3 }],
  ["file_stream", { drop: "after-work", times: 3 }],
  ["graphql:UpsertBucket", { drop: "after-work", times: 2 }],
  ["storage", { status: 503, times: 2 }],
  ["storage", { drop: "after-body", times: 2 }],
  ["*", { drop: "after-work", times: 3 }],
] as const)("%s that fails in passing (%o) loses and doubles nothing", async (match, fault) => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match, ...fault });
  expect(await sync(folder, await settingsFor(server.url))).toMatchObject({ isWhole: true });
  expectWhole(server);
});

test.each([
  ["graphql:Viewer", [], "Viewer was answered with something else"],
  ["graphql:Viewer", { errors: { message: "odd" } }, "(errors: "],
  ["graphql:UpsertBucket", { data: {} }, "(upsertBucket: "],
  [
    "graphql:UpsertBucket",
    { data: { upsertBucket: { bucket: { project: {} } } } },
    "(upsertBucket.bucket.project.name: ",
  ],
  ["graphql:RunResumeStatus", { data: { model: { bucket: { id: "1", historyTail: "none" } } } }, "is no list of lines"],
  ["graphql:RunResumeStatus", { data: { model: { bucket: { id: "1", historyLineCount: -2 } } } }, "historyLineCount"],
  ["file_stream", [], "the stream was answered with something else"],
] as const)("an answer of another shape is told of as such: %s %j", async (match, body, message) => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match, status: 200, body });
  const sent = sync(folder, await settingsFor(server.url));
  await expect(sent).rejects.toMatchObject({ passing: false, message: expect.stringContaining(message) });
});

test.each([{}, { exitcode: null, limits: {} }])("an answer to lines need not say anything: %j", async (body) => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "file_stream", status: 200, body });
  await expect(sync(folder, await settingsFor(server.url))).resolves.toMatchObject({ isWhole: true });
});

test.each([null, "/relative", "no address"])(
  "an address of a file that is none (%j) is asked for once",
  async (uploadUrl) => {
    await using server = await startWandbServer();
    const folder = await trackedRun();
    const files = [{ name: "wandb-metadata.json", uploadUrl }];
    server.fault({
      match: "graphql:CreateRunFiles",
      status: 200,
      body: { data: { createRunFiles: { files } } },
      times: 2,
    });
    const { isWhole, notes } = await sync(folder, await settingsFor(server.url));
    expect(isWhole).toBe(uploadUrl === null);
    expect(notes.join("\n")).not.toContain("nothing can be sent");
    expect(server.of("graphql:CreateRunFiles")).toHaveLength(2);
    expectWhole(server);
  },
);

test("a server that asks for no patience at all is not asked again at once", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "file_stream", status: 429, headers: { "retry-after": "0" }, times: 4 });
  await sync(folder, await settingsFor(server.url), { pauses: { firstMs: 40, longestMs: 40 } });
  const [first, , , , fifth] = server.of("file_stream");
  expect(fifth!.atMs - first!.atMs).toBeGreaterThan(155);
  expectWhole(server);
});

test("names of a user in any script go along", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  await sync(
    folder,
    await settingsFor(server.url, { WANDB_USERNAME: "Łucja 名前", WANDB_USER_EMAIL: "zoë@\u0007example.com" }),
  );
  const [asked] = server.of("graphql:Viewer");
  const names = ["x-wandb-username", "x-wandb-user-email"].map((name) =>
    Buffer.from(asked!.headers[name]!, "latin1").toString(),
  );
  expect(names).toEqual(["Łucja 名前", "zoë@example.com"]);
  expectWhole(server);
});

test.each(["socks9://me:secret@proxy:1", "http://me:se cret@proxy:x"])(
  "a proxy that is none is named, not shown: %s",
  async (address) => {
    const folder = await trackedRun();
    vi.stubEnv("http_proxy", address);
    const fault = await sync(folder, await settingsFor("http://w.example")).catch((error: InputError) => error);
    vi.unstubAllEnvs();
    expect(fault).toBeInstanceOf(InputError);
    expect(fault).toMatchObject({
      message: "http_proxy: is no address of a proxy",
      hint: expect.stringContaining("http://"),
    });
  },
);

test("a server that asks for patience gets it", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "file_stream", status: 429, headers: { "retry-after": "1" } });
  await sync(folder, await settingsFor(server.url));
  const [first, second] = server.of("file_stream");
  expect(second!.atMs - first!.atMs).toBeGreaterThan(980);
  expectWhole(server);
});

test.each([
  [401, "does not know the key"],
  [403, "has no right"],
  [404, "no such run or project"],
  [409, "409"],
] as const)("a stream that is refused with %i ends the sending, and is gone on with later", async (status, message) => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "file_stream", status });
  const settings = await settingsFor(server.url);
  await expect(sync(folder, settings)).rejects.toThrow(message);
  expect(server.of("file_stream").length).toBe(1);
  await sync(folder, settings);
  expectWhole(server);
});

test("a wrong key is told at once, and not shown", async () => {
  await using server = await startWandbServer();
  server.settings.key = "f".repeat(40);
  const error = await sync(await trackedRun(), await settingsFor(server.url)).catch((fault: Error) => fault);
  expect((error as Error).message).toBe("the server does not know the key (401)");
  expect(server.requests.length).toBe(1);
});

test("a host that is not there is told after a few attempts", async () => {
  const settings = await settingsFor("http://nowhere.invalid");
  await expect(sync(await trackedRun(), settings)).rejects.toThrow(/no host of this name|looked up/);
});

test("requests go through the proxy of the environment", async () => {
  await using server = await startWandbServer();
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url!);
    const { host, pathname, search } = new URL(request.url!);
    const headers = { ...request.headers, host };
    import("node:http").then(({ request: forward }) => {
      const onward = forward({
        ...splitHost(server.url),
        path: pathname + search,
        method: request.method,
        headers,
      });
      onward.on("response", (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
  });
  proxy.on("connect", (request, socket) => {
    asked.push(request.url!);
    import("node:net").then(({ connect }) => {
      const onward = connect(splitHost(server.url), () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy());
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const before = process.env.http_proxy;
  process.env.http_proxy = `127.0.0.1:${(proxy.address() as AddressInfo).port}`; // as curl takes it, too
  try {
    await sync(await trackedRun(), await settingsFor("http://wandb.example:8080"));
  } finally {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
    proxy.closeAllConnections();
    proxy.close();
  }
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.every((url) => url.includes("wandb.example:8080"))).toBe(true);
  expectWhole(server);
});

const splitHost = (endpoint: string) => ({ host: "127.0.0.1", port: Number(new URL(endpoint).port) });

test("an address for a file that has expired is asked for again", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "storage", status: 403 });
  expect(await sync(folder, await settingsFor(server.url))).toMatchObject({ isWhole: true, notes: [] });
  expectWhole(server);
});

test("a file that the server does not take holds up nothing else, and is tried again by the next sync", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  server.fault({ match: "storage", status: 400, times: 1 });
  const settings = await settingsFor(server.url);
  const first = await sync(folder, settings);
  expect(first.isWhole).toBe(false);
  expect(first.notes.join()).toContain("could not be sent");
  expectWhole(server);
  expect(await sync(folder, settings)).toMatchObject({ isWhole: true, notes: [] });
  expectWhole(server);
});

test("limits that the server tells of are kept", async () => {
  await using server = await startWandbServer();
  Object.assign(server.settings.streamHeaders, { "ratelimit-remaining": "0", "ratelimit-reset": "0.2" });
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  for (let step = 1; step <= 3; step++) log.log({ text: "x".repeat(6 * 2 ** 20) }, step);
  log.finish(0);
  await sync(folder, await settingsFor(server.url));
  const times = server.of("file_stream").map(({ atMs }) => atMs);
  expect(times.length).toBeGreaterThan(2);
  for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThan(180);
});

test("a run that must be there, or must not, is refused before anything is sent", async () => {
  await using server = await startWandbServer();
  const folder = await trackedRun();
  await expect(sync(folder, await settingsFor(server.url, { WANDB_RESUME: "must" }))).rejects.toThrow(
    "is not on the server",
  );
  expect(server.of("graphql:UpsertBucket")).toEqual([]);
  await sync(folder, await settingsFor(server.url));
  const other = runFolderIn(workFolder());
  await writeWholeLog(other, ROWS, { id: server.run().name });
  const never = await settingsFor(server.url, { WANDB_RESUME: "never" });
  await expect(sync(other, never)).rejects.toThrow("is on the server already");
  expectWhole(server);
});

test("a stream that is refused leaves no file on its way behind it", async () => {
  await using server = await startWandbServer();
  const folder = runFolderIn(workFolder());
  const log = await openLog(folder);
  log.log({ loss: 1 }, 1);
  log.saveFile("note.txt", "hello");
  server.fault({ match: "file_stream", status: 409 });
  server.fault({ match: "storage", sleepMs: 60_000 });
  server.fault({ match: "graphql:CreateRunFiles", status: 503, times: 1000 });
  const settings = await settingsFor(server.url);
  const notes: string[] = [];
  const onNote = (text: string) => void notes.push(text);
  const live = { pace: { ...FAST_PACE, streamMs: 50 }, isOver: () => false, onNote };
  await expect(sync(folder, settings, live)).rejects.toThrow("409");
  const before = [...notes];
  await sleep(500); // twenty attempts are over by then
  expect(notes).toEqual(before);
});
