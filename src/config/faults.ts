import type { z } from "zod";
import { nearestName, suggestName } from "../util/near-name.ts";
import type { ConfigKey } from "./keys.ts";
import { type ConfigSource, valueAt } from "./source.ts";

/** What is wrong with a configuration, one line a fault: `file:4:9: train.lr is "fast"; valid: number from 0`. */
export function describeFault(
  issue: z.core.$ZodIssue,
  source: ConfigSource,
  keys: readonly ConfigKey[],
): readonly string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return `${place(source, path)}: unknown key ${path.join(".")}; ${suggestKey(issue.path.join("."), key, keys)}`;
    });
  }
  const key = keys.find(({ name }) => isBelow(issue.path, name));
  const path = key ? issue.path.slice(0, key.name.split(".").length) : issue.path;
  const found = valueAt(source.values, path);
  const state = found === undefined ? "is missing" : `is ${show(found)}`;
  const fault = `${path.join(".") || "the configuration"} ${state}; ${wantedBy(issue, key)}`;
  return [`${place(source, path)}: ${fault}${key ? suggestChoice(key, found) : ""}`];
}

/** The schema's own words where it has some, else what the key accepts. */
function wantedBy(issue: z.core.$ZodIssue, key: ConfigKey | undefined): string {
  if (issue.code === "custom" || issue.code === "invalid_format") return issue.message;
  const unit = { string: "characters", array: "entries" }[String("origin" in issue && issue.origin)];
  if (issue.code === "too_small" && unit)
    return issue.minimum === 1 ? "must not be empty" : `must have ${issue.minimum} ${unit} or more`;
  if (issue.code === "too_big" && unit) return `must have at most ${issue.maximum} ${unit}`;
  return `valid: ${key?.valid ?? "group of keys"}`;
}

const isBelow = (path: readonly PropertyKey[], key: string) => key.split(".").every((part, i) => part === path[i]);

/** The nearest key of the same group; else, for a key that lost its group, the one of that name elsewhere. */
function suggestKey(group: string, key: string, keys: readonly ConfigKey[]): string {
  const names = keys.map(({ name }) => name);
  const depth = group === "" ? 0 : group.split(".").length;
  const inGroup = names.filter((name) => group === "" || name.startsWith(`${group}.`));
  const siblings = [...new Set(inGroup.map((name) => name.split(".")[depth]))];
  const elsewhere = names.find((name) => name.endsWith(`.${key}`));
  if (nearestName(key, siblings) === undefined && elsewhere) return `did you mean "${elsewhere}"?`;
  return suggestName(key, siblings);
}

function suggestChoice({ choices }: ConfigKey, found: unknown): string {
  const words = (Array.isArray(found) ? found : [found]).filter((word) => typeof word === "string");
  const near = words.filter((word) => !choices.includes(word)).map((word) => nearestName(word, choices));
  const first = near.find((name) => name !== undefined);
  return first === undefined ? "" : `; did you mean "${first}"?`;
}

function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** Where the deepest key of `path` that was written stands. */
function place(source: ConfigSource, path: readonly PropertyKey[]): string {
  if (path.length === 0) return source.name;
  return source.locate(path) ?? place(source, path.slice(0, -1));
}
