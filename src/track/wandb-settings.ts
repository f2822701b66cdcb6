import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "../util/errors.ts";
import { few } from "../util/few.ts";
import { readNetrc } from "./netrc.ts";

/** Settings of a configuration, `track.wandb`; what is null there is the environment's. */
export interface WandbWishes {
  readonly mode: "off" | "offline" | "online" | null;
  readonly project: string | null;
  readonly entity: string | null;
  readonly id: string | null;
  readonly group: string | null;
  readonly tags: readonly string[];
  readonly notes: string | null;
}

/** What a user may do is known by a key. It is a secret: it goes into a header, and nowhere else. */
export interface WandbKey {
  /** Where it was found, for messages. */
  readonly source: string;
  /** Value of the header `authorization`. */
  readonly authorization: string;
}

/** How a run is known to Weights & Biases, and where that is. Plain data, which can be handed to a thread. */
export interface WandbSettings {
  readonly mode: "off" | "offline" | "online";
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** Where people look at runs. */
  readonly appUrl: string;
  readonly key: WandbKey | undefined;
  readonly project: string;
  /** Null: the key's own. */
  readonly entity: string | null;
  readonly id: string | null;
  readonly group: string | null;
  readonly tags: readonly string[];
  readonly notes: string | null;
  readonly name: string | null;
  readonly jobType: string | null;
  /** Whether a run of this id may, must or must not be on the server before. */
  readonly resume: "allow" | "must" | "never";
  readonly username: string;
  readonly email: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const WANDB_CLOUD = "https://api.wandb.ai";

/** What `amlc track sync` is told by nobody. */
export const NO_WISHES: WandbWishes = {
  mode: null,
  project: null,
  entity: null,
  id: null,
  group: null,
  tags: [],
  notes: null,
};

/**
 * The settings of a configuration, then those of the environment, under the names that W&B's own client has for them. The
 * key is WANDB_API_KEY, or the password that `wandb login` has left in a netrc file for the host of the base URL.
 * @throws InputError naming the variable or the file, and never the key, when one cannot be what it should be
 */
export async function wandbSettings(wishes: WandbWishes, env: Environment = process.env): Promise<WandbSettings> {
  const mode = wishes.mode ?? modeOf(env.WANDB_MODE);
  const baseUrl = readAddress("WANDB_BASE_URL", env.WANDB_BASE_URL) ?? WANDB_CLOUD;
  const given = (name: string) => env[name]?.trim() || null;
  const id = wishes.id ?? given("WANDB_RUN_ID");
  if (id !== null) requireRunId(id);
  const tags =
    given("WANDB_TAGS")
      ?.split(",")
      .map((tag) => tag.trim()) ?? [];
  return {
    mode,
    baseUrl,
    appUrl: readAddress("WANDB_APP_URL", env.WANDB_APP_URL) ?? pagesOf(baseUrl),
    key: mode === "off" ? undefined : await findKey(baseUrl, env),
    project: wishes.project ?? given("WANDB_PROJECT") ?? "amlc",
    entity: wishes.entity ?? given("WANDB_ENTITY"),
    id,
    group: wishes.group ?? given("WANDB_RUN_GROUP"),
    tags: wishes.tags.length > 0 ? wishes.tags : tags.filter((tag) => tag !== ""),
    notes: wishes.notes ?? given("WANDB_NOTES"),
    name: given("WANDB_NAME"),
    jobType: given("WANDB_JOB_TYPE"),
    resume: resumeOf(env.WANDB_RESUME),
    username: given("WANDB_USERNAME") ?? "",
    email: given("WANDB_USER_EMAIL") ?? "",
  };
}

const MODES: Readonly<Record<string, WandbSettings["mode"]>> = {
  online: "online",
  run: "online",
  offline: "offline",
  dryrun: "offline",
  disabled: "off",
};

function modeOf(value = ""): WandbSettings["mode"] {
  const word = value.trim().toLowerCase();
  if (word === "") return "off";
  if (Object.hasOwn(MODES, word)) return MODES[word]!;
  throw new InputError(`WANDB_MODE ${value}: there is no such mode`, {
    hint: `it is one of ${Object.keys(MODES).join(", ")}, or set track.wandb.mode`,
  });
}

const RESUMES: Readonly<Record<string, WandbSettings["resume"]>> = {
  allow: "allow",
  auto: "allow",
  true: "allow",
  must: "must",
  never: "never",
};

function resumeOf(value = ""): WandbSettings["resume"] {
  const word = value.trim().toLowerCase();
  if (word === "") return "allow";
  if (Object.hasOwn(RESUMES, word)) return RESUMES[word]!;
  throw new InputError(`WANDB_RESUME ${value}: is none of allow, must, never, auto`, {
    hint: "leave it out for allow",
  });
}

const FORBIDDEN = /[:;,#?/']/g;

/** @throws InputError when W&B would not take the id of a run */
export function requireRunId(id: string): void {
  const hint = "an id is eight letters and digits, or what you choose without : ; , # ? / ' and spaces at its ends";
  const found = id.match(FORBIDDEN);
  if (found)
    throw new InputError(`the run id ${JSON.stringify(id)} must not hold ${few([...new Set(found)], 3)}`, { hint });
  if (id === "" || id.trim() !== id)
    throw new InputError(`the run id ${JSON.stringify(id)} is empty or begins or ends with a space`, { hint });
}

/** @throws InputError; an address with a name or password in it is not shown, for that may be the key */
function readAddress(name: string, value: string | undefined): string | undefined {
  const text = value?.trim().replace(/\/+$/, "");
  if (!text) return undefined;
  if (text.includes("@")) {
    throw new InputError(`${name}: holds a name or a password`, { hint: "the key belongs into WANDB_API_KEY" });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new InputError(`${name} ${text}: is no address of a server`, { hint: `as ${WANDB_CLOUD}` });
  }
  if (url.protocol === "http:" && url.hostname === new URL(WANDB_CLOUD).hostname) {
    throw new InputError(`${name} ${text}: anybody on the way could read the key`, { hint: `use ${WANDB_CLOUD}` });
  }
  return text;
}

/** Pages of the cloud are beside its API, those of a server of one's own are where the API is. */
function pagesOf(baseUrl: string): string {
  if (baseUrl.includes("://api.wandb.")) return baseUrl.replace("://api.", "://");
  return baseUrl.replace("://api.", "://app.");
}

async function findKey(baseUrl: string, env: Environment): Promise<WandbKey | undefined> {
  const value = env.WANDB_API_KEY?.trim();
  if (value) return toKey("WANDB_API_KEY", value);
  const { host } = new URL(baseUrl);
  for (const file of netrcFiles(env)) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const password = readNetrc(text, host);
    return password ? toKey(file, password) : undefined;
  }
  return undefined;
}

function netrcFiles(env: Environment): readonly string[] {
  const home = env.HOME || homedir();
  if (env.NETRC) return [env.NETRC.replace(/^~(?=\/|$)/, home)];
  return [join(home, ".netrc"), join(home, "_netrc")];
}

const KEY_LENGTH = 40;
/** A JSON Web Token, which stands where a key does. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** A key is 40 letters, digits and underscores or more, on a server of one's own with a prefix and a dash before them. */
function toKey(source: string, value: string): WandbKey {
  const secret = value.slice(value.indexOf("-") + 1);
  const fault = (text: string) =>
    new InputError(`${source}: is no key of W&B: ${text}`, { hint: "copy it whole from https://wandb.ai/authorize" });
  if (!TOKEN.test(value)) {
    if (!/^[\w-]+$/.test(secret)) throw fault("it has spaces or characters that no key has");
    if (secret.length < KEY_LENGTH)
      throw fault(`it has ${secret.length} characters, and a key has ${KEY_LENGTH} or more`);
  }
  return { source, authorization: `Basic ${Buffer.from(`api:${value}`).toString("base64")}` };
}

/** @throws InputError when there is no key */
export function requireKey({ key, baseUrl }: WandbSettings): WandbKey {
  if (key) return key;
  throw new InputError(`${baseUrl}: there is no key for it`, {
    hint: "set WANDB_API_KEY, or run wandb login; a key is made at https://wandb.ai/authorize",
  });
}
