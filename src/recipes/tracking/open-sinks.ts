import type { RunFolder } from "../../runs/folder.ts";
import { InputError } from "../../util/errors.ts";
import type { TrainingJob } from "../training-loop.ts";
import type { Sink } from "./sink.ts";
import { openTensorboardSink } from "./tensorboard-sink.ts";
import { openWandbSink, readWandbSettings } from "./wandb-sink.ts";

/**
 * All that the configuration wants to be told of a run. One that the disk does not take is told of, and training goes on.
 * @throws InputError when a setting or variable of one is not as it must be
 */
export async function openSinks(
  { config, observer }: TrainingJob,
  run: RunFolder,
  startStep: number,
  onStop: () => void,
): Promise<readonly Sink[]> {
  const note = (text: string) => observer?.note?.(text);
  const settings = await readWandbSettings(config);
  const { mode } = settings;
  const opening = [
    ...(config.track.tensorboard ? [openTensorboardSink(run, startStep, note)] : []),
    ...(mode === "off" ? [] : [openWandbSink({ config, settings, mode, run, startStep, note, onStop })]),
  ];
  const opened = await Promise.all(
    opening.map((sink) =>
      sink.catch((error: Error) => {
        if (error instanceof InputError) throw error;
        note(`${run.path}: what follows the run cannot be written: ${error.message}`);
        return null;
      }),
    ),
  );
  return opened.filter((sink) => sink !== null);
}
