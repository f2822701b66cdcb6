import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readNetrc } from "../../src/track/netrc.ts";
import { NO_WISHES, requireKey, requireRunId, wandbSettings } from "../../src/track/wandb-settings.ts";
import { workFolder } from "../support/work-folder.ts";

const KEY = "0123456789abcdef0123456789abcdef01234567";
const OTHER = "f".repeat(40);
const basic = (key: string) => `Basic ${Buffer.from(`api:${key}`).toString("base64")}`;
const NOWHERE = { HOME: "/nowhere" };

test("without anything tracking is off, and settings are those of the cloud", async () => {
  expect(await wandbSettings(NO_WISHES, NOWHERE)).toMatchObject({
    ...{ mode: "off", baseUrl: "https://api.wandb.ai", appUrl: "https://wandb.ai", project: "amlc", entity: null },
    ...{ id: null, group: null, tags: [], notes: null, resume: "allow", username: "", email: "" },
  });
});

test("the variables of W&B's own client are minded", async () => {
  const env = {
    ...{
      WANDB_MODE: "online",
      WANDB_API_KEY: KEY,
      WANDB_BASE_URL: "http://wandb.local:8080/",
      WANDB_PROJECT: "labels",
    },
    ...{ WANDB_ENTITY: "team", WANDB_RUN_ID: "abc", WANDB_RUN_GROUP: "g", WANDB_TAGS: "a, b,", WANDB_NOTES: "n" },
    ...{
      WANDB_NAME: "first",
      WANDB_JOB_TYPE: "train",
      WANDB_RESUME: "must",
      WANDB_USERNAME: "u",
      WANDB_USER_EMAIL: "e",
    },
  };
  expect(await wandbSettings(NO_WISHES, env)).toEqual({
    ...{ mode: "online", baseUrl: "http://wandb.local:8080", appUrl: "http://wandb.local:8080", project: "labels" },
    ...{ entity: "team", id: "abc", group: "g", tags: ["a", "b"], notes: "n", name: "first", jobType: "train" },
    ...{ resume: "must", username: "u", email: "e" },
    key: { source: "WANDB_API_KEY", authorization: basic(KEY) },
  });
});

test("what the configuration says comes before the environment", async () => {
  const wishes = { mode: "offline", project: "p", entity: "e", id: "i", group: "g", tags: ["t"], notes: "n" } as const;
  const env = {
    ...{ ...NOWHERE, WANDB_MODE: "online", WANDB_PROJECT: "x", WANDB_ENTITY: "x", WANDB_RUN_ID: "x" },
    ...{ WANDB_RUN_GROUP: "x", WANDB_TAGS: "x", WANDB_NOTES: "x" },
  };
  expect(await wandbSettings(wishes, env)).toMatchObject(wishes);
});

test.each([
  ["online", "online"],
  ["run", "online"],
  ["offline", "offline"],
  ["dryrun", "offline"],
  ["disabled", "off"],
  ["", "off"],
])("WANDB_MODE %s is %s", async (value, mode) => {
  expect((await wandbSettings(NO_WISHES, { ...NOWHERE, WANDB_MODE: value })).mode).toBe(mode);
});

test("an unknown mode is refused with those that there are", async () => {
  await expect(wandbSettings(NO_WISHES, { WANDB_MODE: "onlin" })).rejects.toMatchObject({
    message: "WANDB_MODE onlin: there is no such mode",
    hint: expect.stringContaining("offline"),
  });
});

test.each([
  ["https://api.wandb.ai", "https://wandb.ai"],
  ["https://api.example.com", "https://app.example.com"],
  ["https://wandb.example.com", "https://wandb.example.com"],
])("runs of %s are seen at %s", async (base, app) => {
  expect((await wandbSettings(NO_WISHES, { ...NOWHERE, WANDB_BASE_URL: base })).appUrl).toBe(app);
});

test.each(["ftp://x", "wandb.ai", "http://api.wandb.ai", "https://x/?a=1"])("%s is no base URL", async (base) => {
  await expect(wandbSettings(NO_WISHES, { WANDB_BASE_URL: base })).rejects.toThrow("WANDB_BASE_URL");
});

test.each([`https://api:${KEY}@x`, `https://:${KEY}@x`, `api:${KEY}@x`, `${KEY}@x`])(
  "a base URL with a key in it is refused without showing it: %#",
  async (base) => {
    const error = await wandbSettings(NO_WISHES, { WANDB_BASE_URL: base }).catch((fault) => fault);
    expect(error.message).toBe("WANDB_BASE_URL: holds a name or a password");
    expect(`${error.message} ${error.hint}`).not.toContain(KEY);
  },
);

test.each([
  ["short", "it has 5 characters"],
  ["0123456789 123456789012345678901234567890", "spaces or characters"],
  ["local-tooshort", "it has 8 characters"],
])("a key of a wrong form is told without showing it", async (key, why) => {
  const error = await wandbSettings({ ...NO_WISHES, mode: "online" }, { WANDB_API_KEY: key }).catch((fault) => fault);
  expect(error.message).toContain(why);
  expect(`${error.message} ${error.hint}`).not.toContain(key);
});

test.each([KEY, `local-${KEY}`, "head.payload.signature_-"])(
  "keys, keys with a prefix and tokens are taken",
  async (key) => {
    const { key: found } = await wandbSettings({ ...NO_WISHES, mode: "online" }, { WANDB_API_KEY: key });
    expect(found?.authorization).toBe(basic(key));
  },
);

test("the key that wandb login has left is found by the host of the server, with its port", async () => {
  const home = workFolder();
  const netrc = [
    ...["# keys", "machine other.example", "  login user", `  password ${OTHER}`],
    ...["machine 127.0.0.1:8080 login user", `  password "${KEY}"`, "macdef init", `password ${OTHER}`, ""],
  ].join("\n");
  writeFileSync(join(home, ".netrc"), netrc);
  const online = { ...NO_WISHES, mode: "online" as const };
  const { key } = await wandbSettings(online, { HOME: home, WANDB_BASE_URL: "http://127.0.0.1:8080" });
  expect(key).toEqual({ source: join(home, ".netrc"), authorization: basic(KEY) });
  const none = await wandbSettings(online, { HOME: home, WANDB_BASE_URL: "http://127.0.0.1:9090" });
  expect(none.key).toBeUndefined();
  expect(() => requireKey(none)).toThrow("there is no key");
});

test("a remark behind a key is none of it, and # within a key is none of a remark", async () => {
  const home = workFolder();
  const entry = `machine api.wandb.ai login user # mine\n  password ${KEY} # before: password ${OTHER}`;
  writeFileSync(join(home, ".netrc"), `${entry}\n#machine api.wandb.ai login user password ${OTHER}\n`);
  const { key } = await wandbSettings({ ...NO_WISHES, mode: "online" }, { HOME: home });
  expect(key?.authorization).toBe(basic(KEY));
  expect(readNetrc("machine a.example login #user password #word", "a.example")).toBe("#word");
});

test("NETRC names another file, and default is for all hosts", async () => {
  const home = workFolder();
  mkdirSync(join(home, "keys"));
  writeFileSync(join(home, "keys", "mine"), `default login user password ${KEY}`);
  writeFileSync(join(home, ".netrc"), `machine api.wandb.ai login user password ${OTHER}`);
  const { key } = await wandbSettings({ ...NO_WISHES, mode: "online" }, { HOME: home, NETRC: "~/keys/mine" });
  expect(key?.authorization).toBe(basic(KEY));
});

test("no key is looked for when nothing is tracked", async () => {
  expect((await wandbSettings(NO_WISHES, { WANDB_API_KEY: "short" })).key).toBeUndefined();
});

test.each(["a:b", "a/b", "what?", "it's", "a,b;c", "#1", "", " a", "a "])("%j is no id of a run", (id) => {
  expect(() => requireRunId(id)).toThrow("run id");
});

test.each(["a1b2c3d4", "my run", "ä.b-c_d"])("%j is an id of a run", (id) => {
  expect(() => requireRunId(id)).not.toThrow();
});
