import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheSlots } from "../../src/infer/cache-slots.ts";

const shape = { heads: 2, capacity: 6, headDim: 3 };
const row = shape.heads * shape.capacity * shape.headDim;

/** What a row holds, place by place: the first numbers of its heads' vectors. */
function read(buffer: Float32Array, slot: number, filled: number): number[][] {
  return Array.from({ length: filled }, (_, place) =>
    Array.from({ length: shape.heads }, (_, head) => buffer[slot * row + (head * shape.capacity + place) * 3]!),
  );
}

/** Rows whose prompts are as long as told, in two buffers of different numbers. */
function promptsOf(lengths: readonly number[]) {
  const buffers = [0, 1000].map((offset) => Float32Array.from({ length: lengths.length * row }, (_, i) => offset + i));
  return cacheSlots(buffers, Int32Array.from(lengths), shape);
}

test("whichever rows go on, in whatever number and order, each keeps what it has read", () => {
  const step = fc.record({ sources: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), spare: fc.nat(2) });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 4 }),
      (lengths, steps) => {
        const slots = promptsOf(lengths);
        let rows = lengths.map((filled, slot) => ({ slot, held: slots.buffers.map((b) => read(b, slot, filled)) }));
        steps.forEach(({ sources, spare }, turn) => {
          const chosen = sources.map((source) => source % rows.length);
          const moved = slots.move(
            chosen.map((source) => rows[source]!.slot),
            chosen.length + spare,
          );
          expect(new Set(moved).size).toBe(moved.length);
          expect(slots.count).toBe(chosen.length + spare);
          const vectors = slots.buffers.map((_, b) =>
            Float32Array.from({ length: slots.count * shape.heads * 3 }, (_, i) => 1e5 * (turn + 1) + 1e3 * b + i),
          );
          slots.append(vectors, moved);
          rows = moved.map((slot, i) => ({
            slot,
            held: rows[chosen[i]!]!.held.map((places, b) => [
              ...places,
              Array.from({ length: shape.heads }, (_, head) => vectors[b]![(slot * shape.heads + head) * 3]!),
            ]),
          }));
          for (const { slot, held } of rows) {
            expect(slots.filled[slot]).toBe(held[0]!.length);
            held.forEach((places, b) => void expect(read(slots.buffers[b]!, slot, places.length)).toEqual(places));
          }
        });
      },
    ),
  );
});

test("a row that goes on alone is not copied", () => {
  const slots = promptsOf([2, 2, 2]);
  const [buffer] = slots.buffers;
  const before = buffer!.slice();
  expect(slots.move([0, 2], 3)).toEqual([0, 2]);
  expect(slots.buffers[0]).toBe(buffer);
  expect(buffer).toEqual(before);
});
