import type { CommandModule } from "yargs";
import type { TrainResult } from "../../recipes/training-loop.ts";
import { InputError } from "../../util/errors.ts";
import { onInterrupt } from "../interrupt.ts";
import { printJson, printText } from "../output.ts";
import { showRun } from "../run-display.ts";

interface TrainArgs {
  config: string | undefined;
  resume: string | undefined;
  set: string[] | undefined;
  json: boolean;
  "debug-overflow": boolean;
  force: boolean;
  profile: string | undefined;
}

/** Steps that are profiled when no number is given. */
const PROFILED = 3;

/** @throws InputError when it is no number of steps */
function parseProfile(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const steps = Number(given);
  if (Number.isInteger(steps) && steps > 0) return steps;
  throw new InputError(`--profile ${given}: is no number of steps`, {
    hint: `give a whole number from 1 on, or none for ${PROFILED}`,
  });
}

/** `amlc train`: a new run by a configuration, or a run that stopped. */
export const trainCommand: CommandModule<object, TrainArgs> = {
  command: "train",
  describe: "Fine-tune PaliGemma with LoRA",
  // yargs tells whether help was asked for; its types do not know
  builder: async (y, helpWanted?: boolean) => {
    const command = y
      .option("config", { type: "string", describe: "YAML file, or the name of a preset (see: amlc config list)" })
      .option("resume", { type: "string", describe: "name or path of a run to go on with, by its own configuration" })
      .option("set", {
        type: "string",
        array: true,
        describe: "change a setting: --set train.lr=1e-4; with --resume one of engine or track",
      })
      .option("debug-overflow", {
        type: "boolean",
        default: false,
        describe: "when a loss or gradient is not finite, tell which operation overflows first",
      })
      .option("profile", {
        type: "string",
        coerce: (given: string | undefined) => (given === "" ? String(PROFILED) : given), // "" is refused as a value left out
        describe: `profile ${PROFILED} steps, or as many as given, after one to warm up; training then goes on without`,
      })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "begin also where memory or disk will not do by the plan (see: amlc plan)",
      })
      .option("json", { type: "boolean", default: false, describe: "print one JSON document at the end" })
      .conflicts("resume", "config")
      .example("$0 train --config lora-r8-tiny.yaml", "train on the rows that ship with amlc")
      .example("$0 train --config lora-r8-tiny.yaml --set train.epochs=40 --set run.name=long", "change settings")
      .example("$0 train --resume long", "go on after Ctrl-C, a crash or kill -9, as if nothing had happened")
      .example("$0 train --config lora-r8-tiny.yaml --profile 10", "see where the time of 10 steps goes")
      .example("$0 train --resume long --set engine.name=tfjs", "go on with another engine");
    if (!helpWanted) return command; // the table takes longer to lay out than all else on the way to the handler
    const { renderKeyTable } = await import("../key-table.ts");
    const { configKeys } = await import("../../config/keys.ts");
    return command.epilogue(`Settings:\n${renderKeyTable(configKeys(), 100)}`);
  },
  async handler({ config, resume, set, json, force, "debug-overflow": debugOverflow, profile }) {
    if (config === undefined && resume === undefined) {
      throw new InputError("neither --config nor --resume is given", {
        hint: "begin with: amlc train --config lora-r8-tiny.yaml",
      });
    }
    const { loadConfig } = await import("../../config/load.ts");
    const recipes = await import("../../recipes/train.ts");
    const settings = config === undefined ? undefined : loadConfig({ config, sets: set ?? [] });
    const display = showRun();
    const { signal, release } = onInterrupt(() =>
      display.observer.note("stopping after this step; press Ctrl-C again to stop at once"),
    );
    let result: TrainResult;
    try {
      const options = { observer: display.observer, signal, debugOverflow, profile: parseProfile(profile), force };
      result = settings
        ? await recipes.train(settings, options)
        : await recipes.resume(resume!, { ...options, sets: set ?? [] });
    } finally {
      release();
      display.stop();
    }
    const { drawRun } = await import("../../recipes/picture.ts");
    const lossCurve = await drawRun(result.run);
    if (json) return printJson({ ...result, loss_curve: lossCurve });
    printText(`${result.run}: ${result.steps} steps, loss ${result.loss.toFixed(4)}`);
    if (result.best) printText(`best evaluation ${result.best.value.toFixed(4)} after step ${result.best.step}`);
    printText(`loss curve: ${lossCurve}`);
    if (result.profile) printText(`profile: ${result.profile.file}, for chrome://tracing or https://ui.perfetto.dev`);
    const { runFolder } = await import("../../runs/folder.ts");
    const { data } = settings ?? loadConfig({ config: runFolder(result.run).config });
    printText(`next: amlc eval --run ${result.run} --split ${data.val === null ? "train" : "val"}`);
  },
};
