import type { Argv } from "yargs";

/** What commands that answer a test table in parts have in common. */
export interface PartArgs {
  test: string;
  run: string;
  output: string;
  checkpoint: "best" | "last" | undefined;
  images: string | undefined;
  parts: number | undefined;
  "at-once": number | undefined;
  work: string | undefined;
  fresh: boolean;
  set: string[];
  json: boolean;
}

/** Words for the options whose meaning is the command's own. */
export interface PartWords {
  readonly output: string;
  readonly images: string;
  readonly work: string;
  readonly fresh: string;
  readonly set: string;
}

export function partOptions<T>(y: Argv<T>, words: PartWords): Argv<T & PartArgs> {
  return y
    .positional("test", { type: "string", demandOption: true, describe: "table: index, image_link, entity_name" })
    .option("run", { type: "string", demandOption: true, describe: "name or path of a run" })
    .option("output", { alias: "o", type: "string", demandOption: true, describe: words.output })
    .option("checkpoint", {
      type: "string",
      choices: ["best", "last"] as const,
      describe: "which one of the run; by default the best, or the last while there is no best",
    })
    .option("images", { type: "string", describe: words.images })
    .option("parts", { type: "number", requiresArg: true, describe: "parts to cut the table into; by default 4" })
    .option("at-once", {
      type: "number",
      requiresArg: true,
      describe: "processes at a time; by default as many as cores and free memory allow",
    })
    .option("work", { type: "string", describe: words.work })
    .option("fresh", { type: "boolean", default: false, describe: words.fresh })
    .option("set", { type: "string", array: true, default: [] as string[], describe: words.set })
    .option("json", { type: "boolean", default: false, describe: "print one JSON document" });
}

/** The options as recipes take them: what was not given is not there. */
export function givenParts({ test, run, output, fresh, ...args }: PartArgs) {
  const { checkpoint, images, parts, work, "at-once": atOnce } = args;
  return {
    ...{ test, run, output, fresh },
    ...(checkpoint && { checkpoint }),
    ...(images !== undefined && { images }),
    ...(parts !== undefined && { parts }),
    ...(atOnce !== undefined && { atOnce }),
    ...(work !== undefined && { work }),
  };
}
