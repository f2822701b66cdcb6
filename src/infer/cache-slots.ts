/** Sizes of a buffer of keys or values [R,K,C,H]. */
export interface CacheShape {
  readonly heads: number;
  readonly capacity: number;
  readonly headDim: number;
}

/**
 * Keys and values of rows in slots of fixed-size buffers, which steps read where they are. A row stays in its slot while it
 * goes on; only a row that goes on twice, or whose slot is to be given up, is copied. Buffers grow and shrink by slots.
 */
export interface CacheSlots {
  readonly count: number;
  /** Each buffer's [R,K,C,H]: a view, to be read before the next change. */
  readonly buffers: readonly Float32Array[];
  /** [R]: places of each slot that are filled. */
  readonly filled: Int32Array;
  /** Lets rows of slots `sources` go on, in `count` slots; returns the slot of each. */
  move(sources: readonly number[], count: number): number[];
  /** Puts new vectors [R,K,1,H], one array a buffer, behind what is filled in `slots`. */
  append(vectors: readonly Float32Array[], slots: readonly number[]): void;
}

/** @param buffers arrays [R,K,C,H] that are taken over, filled up to `filled` [R] */
export function cacheSlots(buffers: readonly Float32Array[], filled: Int32Array, shape: CacheShape): CacheSlots {
  const { heads, capacity, headDim } = shape;
  const row = heads * capacity * headDim;
  let [arrays, places] = [buffers, filled];
  /** Which prompt a slot's row began with: up to its end, rows of one prompt hold the same. */
  let prompts = Int32Array.from(filled, (_, slot) => slot);
  const promptEnds = filled.slice();

  function copyRow(from: number, to: number): void {
    const start = prompts[from] === prompts[to] ? promptEnds[prompts[from]] : 0;
    for (const array of arrays) {
      for (let head = 0; head < heads; head++) {
        const [source, target] = [from, to].map((slot) => slot * row + head * capacity * headDim);
        array.copyWithin(target + start * headDim, source + start * headDim, source + places[from] * headDim);
      }
    }
    places[to] = places[from];
    prompts[to] = prompts[from];
  }

  function grow(count: number): void {
    arrays = arrays.map((array) => {
      const wider = new Float32Array(count * row);
      wider.set(array);
      return wider;
    });
    const wide = (values: Int32Array, rest: number) => {
      const wider = new Int32Array(count).fill(rest);
      wider.set(values);
      return wider;
    };
    [places, prompts] = [wide(places, 0), wide(prompts, -1)];
  }

  return {
    get count() {
      return places.length;
    },
    get buffers() {
      return arrays;
    },
    get filled() {
      return places;
    },
    move(sources, count) {
      if (count > places.length) grow(count);
      const slots = new Array<number>(sources.length).fill(-1);
      const taken = new Set<number>();
      sources.forEach((source, i) => {
        if (source >= count || taken.has(source)) return;
        taken.add(source);
        slots[i] = source;
      });
      let free = 0;
      sources.forEach((source, i) => {
        if (slots[i] >= 0) return;
        while (taken.has(free)) free++;
        taken.add(free);
        slots[i] = free;
        copyRow(source, free); // a free slot is nobody's source
      });
      if (count < places.length) {
        arrays = arrays.map((array) => array.subarray(0, count * row));
        [places, prompts] = [places.slice(0, count), prompts.slice(0, count)];
      }
      return slots;
    },
    append(vectors, slots) {
      vectors.forEach((vector, i) => {
        for (const slot of slots) {
          for (let head = 0; head < heads; head++) {
            const from = (slot * heads + head) * headDim;
            const to = slot * row + (head * capacity + places[slot]) * headDim;
            arrays[i].set(vector.subarray(from, from + headDim), to);
          }
        }
      });
      for (const slot of slots) places[slot]++;
    },
  };
}
