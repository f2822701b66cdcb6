import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findHubToken } from "../../../src/data/hub/hub-token.ts";
import { workFolder } from "../../support/work-folder.ts";

const home = workFolder();
const NO_FILE = { HF_HOME: join(home, "none") };

test("the token is looked for in HF_TOKEN, then in HUGGING_FACE_HUB_TOKEN, then where a login has left it", async () => {
  writeFileSync(join(home, "token"), "hf_file\n");
  const all = { HF_TOKEN: "hf_one", HUGGING_FACE_HUB_TOKEN: "hf_two", HF_HOME: home };
  expect(await findHubToken(all)).toEqual({ source: "HF_TOKEN", authorization: "Bearer hf_one" });
  expect(await findHubToken({ ...all, HF_TOKEN: " " })).toMatchObject({ source: "HUGGING_FACE_HUB_TOKEN" });
  expect(await findHubToken({ HF_HOME: home })).toEqual({
    ...{ source: join(home, "token"), authorization: "Bearer hf_file" },
  });
});

test("a file of another place can be named", async () => {
  mkdirSync(join(home, "else"));
  writeFileSync(join(home, "else", "key"), "hf_key");
  const file = join(home, "else", "key");
  expect(await findHubToken({ ...NO_FILE, HF_TOKEN_PATH: file })).toMatchObject({ source: file });
});

test("without any there is none", async () => {
  expect(await findHubToken(NO_FILE)).toBeUndefined();
  expect(await findHubToken({ ...NO_FILE, HF_TOKEN: "" })).toBeUndefined();
});

test.each(["hf_a b", "hf_a\nX-Evil: 1", "hf_ü"])(
  "what cannot be one is refused, and not printed: %j",
  async (value) => {
    const error = await findHubToken({ HF_TOKEN: value }).catch((e: Error) => e);
    expect(String((error as Error).message)).toMatch(/^HF_TOKEN: is no token/);
    expect(String((error as Error).message)).not.toContain("hf_");
  },
);
