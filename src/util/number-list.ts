/** Numbers in a row that grows, 8 bytes each: for millions of them, of which a Set or an array of objects would be many times as large. */
export class NumberList {
  #numbers = new Float64Array(2 ** 12);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#numbers.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length++] = number;
  }

  at(i: number): number {
    return this.#numbers[i];
  }

  /** A copy in ascending order; NaN comes last. */
  sorted(): Float64Array {
    return this.#numbers.slice(0, this.#length).sort();
  }

  /** How many different numbers there are; NaN is different from all. */
  countDistinct(): number {
    const sorted = this.sorted();
    return sorted.reduce((count, number, i) => count + +(i === 0 || number !== sorted[i - 1]), 0);
  }
}
