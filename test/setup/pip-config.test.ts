import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { configuredIndex } from "../../src/setup/pip-config.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();
const [home, site, system] = ["home", "site", "system"].map((name) => join(folder, name));
const env = { HOME: home, XDG_CONFIG_DIRS: system };
const userFile = join(home, ".config", "pip", "pip.conf");

beforeAll(() => {
  mkdirSync(join(home, ".config", "pip"), { recursive: true });
  mkdirSync(site);
  mkdirSync(join(system, "pip"), { recursive: true });
  writeFileSync(userFile, "[global]\ntimeout = 60\nindex-url = https://user.example/simple\n");
  writeFileSync(join(site, "pip.conf"), "[list]\nindex-url = no\n[install]\nindex_url: https://site.example/simple\n");
  writeFileSync(join(system, "pip", "pip.conf"), "[global]\nindex-url=https://system.example/simple");
});

test("a variable goes before every file, pip's before uv's", () => {
  const variables = { PIP_INDEX_URL: "https://pip.example", UV_INDEX_URL: "https://uv.example" };
  expect(configuredIndex({ ...env, ...variables })).toEqual({ url: "https://pip.example", from: "PIP_INDEX_URL" });
  expect(configuredIndex({ ...env, UV_INDEX_URL: "https://uv.example" }).url).toBe("https://uv.example");
});

test("the file that counts most is the one that PIP_CONFIG_FILE names, then the environment's, the user's, the system's", () => {
  const named = join(system, "pip", "pip.conf");
  expect(configuredIndex({ ...env, VIRTUAL_ENV: site, PIP_CONFIG_FILE: named }).from).toBe(named);
  expect(configuredIndex({ ...env, VIRTUAL_ENV: site }).url).toBe("https://site.example/simple");
  expect(configuredIndex({ ...env, XDG_CONFIG_HOME: "" }).from).toBe(userFile); // empty is not set
  expect(configuredIndex(env)).toEqual({ url: "https://user.example/simple", from: userFile });
  expect(configuredIndex({ ...env, HOME: folder }).url).toBe("https://system.example/simple");
});

test("where nothing is configured, or pip is told to read no file, it is PyPI", () => {
  expect(configuredIndex({ ...env, PIP_CONFIG_FILE: "/dev/null" }).url).toBe("https://pypi.org/simple");
});
