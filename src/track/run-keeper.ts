import { FILE_TYPE } from "../formats/wandb-record.ts";
import type { RecordWriter } from "./record-writer.ts";
import { type ArtifactOptions, randomSequence, stageArtifact, tableArtifactName } from "./run-artifact.ts";
import { layImage, layImages, layTable, placeFile, RunImage, RunTable } from "./run-media.ts";
import type { RunMedia, RunRow } from "./run-row.ts";
import type { Segment } from "./run-segments.ts";

/** Puts files beside the log and records that they are there: a record never names a file that is not. */
export class RunKeeper {
  readonly #writer: RecordWriter;
  readonly #segment: Segment;
  readonly #run: { readonly runId: string; readonly project: string; readonly entity?: string };
  readonly #sequences = new Map<string, string>();

  constructor(
    writer: RecordWriter,
    segment: Segment,
    run: { readonly runId: string; readonly project: string; readonly entity?: string },
  ) {
    this.#writer = writer;
    this.#segment = segment;
    this.#run = run;
  }

  /** A file of the run; one of the same name before it goes. */
  file(name: string, bytes: Uint8Array, type: keyof typeof FILE_TYPE = "other"): void {
    this.#writer.attempt(() => {
      placeFile(this.#segment.files, name, bytes);
      this.#writer.write({ files: { files: [{ path: name, type: FILE_TYPE[type] }] } });
    });
  }

  /** What a row has of a picture or table. Undefined when the disk does not take it. @throws InputError */
  media(value: RunMedia, name: string, step: number): RunRow | undefined {
    return this.#writer.attempt(() => {
      if (value instanceof RunTable) return this.#table(value, name, step);
      const laid = value instanceof RunImage ? layImage(value, name, step) : layImages(value, name, step);
      this.#place(laid.files);
      return laid.value;
    });
  }

  /** @throws InputError when a name is not as it must be */
  artifact(options: ArtifactOptions): void {
    this.#writer.attempt(() => this.#stage(options));
  }

  #table(table: RunTable, name: string, step: number): RunRow {
    const { files, value, artifactFiles, entry } = layTable(table, name, step);
    const artifact = { name: tableArtifactName(this.#run.runId, name), type: "run_table", files: artifactFiles };
    const { clientId, sequenceClientId } = this.#stage(artifact);
    this.#place(files);
    return {
      ...value,
      artifact_path: `wandb-client-artifact://${clientId}/${entry}`,
      _latest_artifact_path: `wandb-client-artifact://${sequenceClientId}:latest/${entry}`,
    };
  }

  #place(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, bytes] of files) {
      placeFile(this.#segment.files, path, bytes);
      this.#writer.write({ files: { files: [{ path }] } });
    }
  }

  #stage(options: ArtifactOptions) {
    const key = `${options.type}/${options.name}`;
    const sequence = this.#sequences.get(key) ?? randomSequence();
    this.#sequences.set(key, sequence);
    const artifact = { ...this.#run, ...stageArtifact(this.#segment.staging, options, sequence) };
    this.#writer.write({ artifact });
    return artifact;
  }
}
