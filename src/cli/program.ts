import type { Arguments, Argv, CommandModule } from "yargs";
import { harmless } from "../util/cut.ts";
import { AmlcError, InputError } from "../util/errors.ts";
import { nearestName } from "../util/near-name.ts";
import { readManifest } from "../util/package.ts";
import { yargs } from "./libraries.ts";
import { paint, printJson, printLog, printText } from "./output.ts";

/** Every command: adding one is one file in commands/ and one line here. */
const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  demo: async () => (await import("./commands/demo.ts")).demoCommand,
  data: async () => (await import("./commands/data.ts")).dataCommand,
  train: async () => (await import("./commands/train.ts")).trainCommand,
  plan: async () => (await import("./commands/plan.ts")).planCommand,
  eval: async () => (await import("./commands/eval.ts")).evalCommand,
  predict: async () => (await import("./commands/predict.ts")).predictCommand,
  submit: async () => (await import("./commands/submit.ts")).submitCommand,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  score: async () => (await import("./commands/score.ts")).scoreCommand,
  compare: async () => (await import("./commands/compare.ts")).compareCommand,
  ui: async () => (await import("./commands/ui.ts")).uiCommand,
  report: async () => (await import("./commands/report.ts")).reportCommand,
  rerun: async () => (await import("./commands/rerun.ts")).rerunCommand,
  track: async () => (await import("./commands/track.ts")).trackCommand,
  clean: async () => (await import("./commands/clean.ts")).cleanCommand,
  sanity: async () => (await import("./commands/sanity.ts")).sanityCommand,
  model: async () => (await import("./commands/model.ts")).modelCommand,
  config: async () => (await import("./commands/config.ts")).configCommand,
  setup: async () => (await import("./commands/setup.ts")).setupCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
};

const REPEATABLE = ["_", "set", "files", "runs", "engine", "dtype"];
const HELP_WIDTH = 100;
const INTERNAL_ERROR = 70; // EX_SOFTWARE of sysexits.h

/**
 * Runs one command line, without the program's name, and says how to leave: 0 done, 1 the answer is no, 2 bad input,
 * 70 a fault of amlc, 130 interrupted.
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  const parser = buildParser(await loadCommands(args), args);
  try {
    await parser.parseAsync(args, {}, (_error, _args, output) => {
      if (output) printText(output); // help, version, completion
    });
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || (error instanceof Error && error.name === "YError");
    const known = isUsage ? explainUsage(error, args, await parser.getHelp()) : error;
    return reportError(known, args.includes("--json"));
  }
}

/** The command that the line begins with, for each takes time to load; all of them for any other line. */
async function loadCommands([name]: readonly string[]): Promise<CommandModule[]> {
  const loaders = Object.hasOwn(COMMANDS, name ?? "") ? [COMMANDS[name]] : Object.values(COMMANDS);
  return (await Promise.all(loaders.map((load) => load()))) as CommandModule[];
}

function buildParser(commands: CommandModule[], line: readonly string[]): Argv {
  return yargs()
    .scriptName("amlc")
    .locale("en") // what it says is read by explainUsage
    .usage("$0 <command>\n\nFine-tune PaliGemma with LoRA to read a value off a product photograph.")
    .command(commands)
    .demandCommand(1, "no command given")
    .strict()
    .check((args: Arguments) => checkValues(args, line))
    .requiresArg("set")
    .parserConfiguration({ "greedy-arrays": false, "dot-notation": false })
    .completion("completion", "Print a script which completes commands in your shell")
    .version(readManifest().version)
    .alias({ h: "help", v: "version" })
    .example("$0 demo", "see it work, with nothing to prepare")
    .example("$0 train --config lora-r8-tiny.yaml", "train on the rows that ship with amlc")
    .example("$0 eval --run quiet-otter-17 --split val", "answer and score the validation rows")
    .example("$0 score predictions.csv --truth val.csv", "compute the challenge's F1")
    .epilogue('Each command has its own help, for instance "amlc score --help".')
    .wrap(Math.min(HELP_WIDTH, process.stdout.columns || HELP_WIDTH))
    .exitProcess(false)
    .fail(failParsing);
}

/** yargs makes a list of an option given twice, NaN of a number it cannot read and "" of a value left out. */
function checkValues(args: Arguments, line: readonly string[]): true {
  for (const [name, value] of Object.entries(args)) {
    const flag = `--${name}`;
    if (Array.isArray(value) && !REPEATABLE.includes(name)) throw new InputError(`${flag} is given more than once`);
    if (Number.isNaN(value)) throw new InputError(`${asGiven(flag, line)} wants a number`);
    if (value === "") throw new InputError(`${flag} wants a value`, { hint: "see --help" });
  }
  return true;
}

/** A flag with the value that stands behind it. */
function asGiven(flag: string, line: readonly string[]): string {
  const at = line.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  if (line[at] !== flag) return at < 0 ? flag : `${line[at]}:`;
  const value = line[at + 1];
  return value === undefined || value.startsWith("--") ? flag : `${flag} ${value}:`;
}

/** A command line that yargs refuses, in its words. */
class UsageError extends Error {}

/** What a command throws stays as it is; what yargs says about the line itself is told apart. */
function failParsing(message: string | null, error: Error | undefined): never {
  throw error && error.name !== "YError" ? error : new UsageError(message ?? "bad command line");
}

/** Adds the nearest flag or command, as `help` lists them, to what yargs said. */
function explainUsage({ message }: UsageError, args: readonly string[], help: string): InputError {
  const command = unknownCommand(args, help);
  if (command) return unknown(`unknown command "${command.word}"`, nearestName(command.word, command.names));
  const word = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (word === undefined) return new InputError(message, { hint: "see --help" });
  if (args.includes(word)) return unknown(`unknown argument "${word}"`, guessOption(word));
  const near = nearestName(
    word,
    [...help.matchAll(/--([\w-]+)/g)].map(([, name]) => name),
  );
  const flag = word.length === 1 ? `-${word}` : `--${word}`;
  return unknown(`unknown option ${flag}`, near === undefined ? guessOption(word) : `--${near}`);
}

const unknown = (message: string, meant: string | undefined) =>
  new InputError(message, { hint: meant === undefined ? "see --help" : `did you mean ${meant}?` });

/** A word where a command is wanted, none of those that stand in the help; yargs rather tells of the flags behind it. */
function unknownCommand(args: readonly string[], help: string): { word: string; names: readonly string[] } | undefined {
  const [list = ""] = /^Commands:\n(?: {2}.*\n)+/m.exec(help) ?? [];
  const commands = [...list.matchAll(/^ {2}amlc ((?:[a-z]+ )*[a-z]+)/gm)].map(([, path]) => path.split(" "));
  const depth = (commands[0]?.length ?? 0) - 1;
  const word = args[depth];
  const names = commands.map((path) => path[depth]);
  const isUnknown = word !== undefined && !word.startsWith("-") && !names.includes(word);
  return isUnknown ? { word, names } : undefined;
}

/** The option that lacks before a setting or a configuration's file. */
function guessOption(word: string): string | undefined {
  if (/\.ya?ml$/.test(word)) return `--config ${word}`;
  if (/^[a-z]+\.[a-z_]+$/.test(word)) return `--set ${word}=VALUE`;
  return /^[a-z]+\.[a-z_]+=/.test(word) ? `--set ${word}` : undefined;
}

/**
 * Prints message and hint of what the user can mend, a stack of what only we can; with `--json` a document too.
 * @returns the exit code
 */
export function reportError(error: unknown, json: boolean): number {
  const known = error instanceof AmlcError;
  const message = known ? error.message : `internal error: ${error instanceof Error ? error.stack : String(error)}`;
  const hint = known ? error.hint : "this is a fault of amlc: please report it with the lines above";
  printLog(`${paint(process.stderr, "red", "error:")} ${harmless(message)}`);
  if (hint !== undefined) printLog(`${paint(process.stderr, "cyan", "hint:")} ${harmless(hint)}`);
  if (json) printJson({ ...(known && error.report), error: { message, hint: hint ?? null } });
  return known ? error.exitCode : INTERNAL_ERROR;
}
