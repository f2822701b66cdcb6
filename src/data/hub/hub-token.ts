import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../util/errors.ts";

/** What a user may read on the hub is known by a token. It is a secret: it goes into a header, and nowhere else. */
export interface HubToken {
  /** Where it was found, for messages. */
  readonly source: string;
  /** Value of the header `authorization`. */
  readonly authorization: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/**
 * The token of the environment, or the one that `hf auth login` has left in a file.
 * @throws InputError naming where it was found, and not the token, when it cannot be one
 */
export async function findHubToken(env: Environment = process.env): Promise<HubToken | undefined> {
  for (const name of VARIABLES) {
    const value = env[name]?.trim();
    if (value) return toToken(name, value);
  }
  const file = env.HF_TOKEN_PATH || join(env.HF_HOME || join(homedir(), ".cache", "huggingface"), "token");
  const value = (await readFile(file, "utf8").catch(() => "")).trim();
  return value ? toToken(file, value) : undefined;
}

function toToken(source: string, value: string): HubToken {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new InputError(`${source}: is no token: it has spaces or letters that no token has`, { hint: NEW_TOKEN });
  }
  return { source, authorization: `Bearer ${value}` };
}

const NEW_TOKEN = "a token begins with hf_ and is made at https://huggingface.co/settings/tokens";
