import { monotonicSeconds } from "../../util/clock.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";

export interface DownloadProgress {
  /** Links that are done with: fetched, there already, or failed. */
  readonly done: number;
  readonly total: number;
  /** Of the images fetched now. */
  readonly bytes: number;
  readonly failed: number;
}

/** Writes down what becomes of links, and counts. */
export class Tally {
  readonly #manifest: Manifest;
  readonly #total: number;
  readonly #tell: ((progress: DownloadProgress) => void) | undefined;
  readonly #began = monotonicSeconds();
  #fetched = 0;
  #present = 0;
  #failed = 0;
  #bytes = 0;

  constructor(manifest: Manifest, total: number, tell?: (progress: DownloadProgress) => void) {
    this.#manifest = manifest;
    this.#total = total;
    this.#tell = tell;
  }

  get isComplete(): boolean {
    return this.#done === this.#total;
  }

  get #done(): number {
    return this.#fetched + this.#present + this.#failed;
  }

  /** Takes over links whose entries stand in the manifest. */
  begin(present: number): void {
    this.#present = present;
    if (present > 0) this.#report();
  }

  finish(entry: ManifestEntry): void {
    this.#manifest.add(entry);
    if (entry.status === "failed") this.#failed++;
    else if (entry.attempts === 0) this.#present++;
    else {
      this.#fetched++;
      this.#bytes += entry.bytes;
    }
    this.#report();
  }

  report() {
    const seconds = monotonicSeconds() - this.#began;
    return { fetched: this.#fetched, present: this.#present, failed: this.#failed, bytes: this.#bytes, seconds };
  }

  /** `120 of 500 photographs are there` */
  toString(): string {
    const [there, total] = [this.#fetched + this.#present, this.#total].map((count) => count.toLocaleString("en"));
    return `${there} of ${total} photographs are there`;
  }

  #report(): void {
    this.#tell?.({ done: this.#done, total: this.#total, bytes: this.#bytes, failed: this.#failed });
  }
}
