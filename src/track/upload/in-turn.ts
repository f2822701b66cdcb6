/** Jobs one after the other. A failure is kept for the one that waits. */
export class InTurn {
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  add(job: () => Promise<void>): void {
    this.#last = this.#last
      .then(async () => {
        if (!this.#failure) await job();
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async idle(): Promise<void> {
    await this.#last;
    this.throwIfFailed();
  }
}
