import {
  ALIGN_1,
  ALIGN_4,
  constant,
  get,
  I32,
  loadKernel,
  loop,
  NO_RESULT,
  repeatIf,
  set,
  tee,
  V128,
  vector,
} from "../util/wasm.ts";

/**
 * Reads plain rows of CSV as a WebAssembly module, 16 bytes at a time: rows of a known number of cells, without quotes,
 * that end in LF or CRLF. Of most files these are most rows, and JavaScript takes twice as long for them, above all
 * before its loops are compiled. In its terms, `read` is
 *
 *     source = at; bound = whole = BOUNDS; rowEnd = bound + 8 · width
 *     do {
 *       for (stop of those among the 16 bytes at source) {
 *         if (stop < at) continue                        // LF of a CRLF
 *         bound[0] = origin + at; bound[4] = origin + stop; bound += 8
 *         isPair = CRLF stands at stop
 *         at = stop + 1 + isPair
 *         if (at > end) return whole
 *         if (bound ≠ rowEnd) { if (*stop ≠ comma) return whole }
 *         else { if (not (*stop = LF or isPair)) return whole; whole = bound; rowEnd += 8 · width }
 *       }
 *       source += 16
 *     } while (source < end)
 *     return whole
 *
 * where all but `origin` and `width` are byte addresses. So it ends before the first row that is not plain, or that is
 * cut off; what is wrong with it, if anything, is for others to say.
 */
export interface CsvKernel {
  readonly memory: WebAssembly.Memory;
  /** @returns the address behind the bounds of the last cell of the last whole row */
  read(at: number, end: number, origin: number, width: number): number;
}

/**
 * How many bytes it sees at once, from address 0 on. These and their bounds stay in a core's cache, and no cell of a plain
 * row is longer than a cell may be.
 */
export const WINDOW = 2 ** 16;
/** The address of the first cell's bounds, i32 [cell,2]: where it begins and where it ends. */
export const BOUNDS = WINDOW;

const PAGES = 1 + 8 + 1; // the window; bounds where each byte ends a cell; one cell behind the end
const [NUL, LF, CR, QUOTE, COMMA] = [0, 10, 13, 34, 44];

const [AT, END, ORIGIN, WIDTH, SOURCE, FOUND, STOP, BOUND, WHOLE, ROW_END, IS_PAIR, BYTES] = Array(12).keys();

const i32 = { eqz: [0x45], eq: [0x46], ne: [0x47], ltU: [0x49], gtU: [0x4b], geU: [0x4f] };
const [ctz, add, sub, and, or, shl] = [[0x68], [0x6a], [0x6b], [0x71], [0x72], [0x74]];
const loadU8 = [0x2d, ALIGN_1, 0];
const loadU16 = [0x2f, ALIGN_1, 0];
const storeI32 = (offset: number) => [0x36, ALIGN_4, offset];
const when = (then: number[][], otherwise: number[][] = []) => [
  ...[0x04, NO_RESULT, ...then.flat()],
  ...[0x05, ...otherwise.flat(), 0x0b],
];
const v128 = { load: vector(0x00, ALIGN_1, 0), and: vector(0x4e), constant: (b: number[]) => vector(0x0c, ...b) };
const i8x16 = { swizzle: vector(0x0e), eq: vector(0x23), bitmask: vector(0x64) };

const increase = (local: number, by: number[]) => [...get(local), ...by, ...add];
const returnIf = when([get(WHOLE), [0x0f]]);

/** A byte is a stop when it stands here at its low four bits, in which no two stops are alike; NUL is at all others. */
const STOPS = Array<number>(16).fill(NUL);
for (const stop of [LF, CR, QUOTE, COMMA]) STOPS[stop % 16] = stop;

const END_CELL = [
  [...get(BOUND), ...increase(ORIGIN, get(AT)), ...storeI32(0)],
  [...get(BOUND), ...increase(ORIGIN, get(STOP)), ...storeI32(4)],
  [...get(STOP), ...loadU16, ...constant(CR | (LF << 8)), ...i32.eq, ...set(IS_PAIR)],
  [...increase(STOP, constant(1)), ...get(IS_PAIR), ...add, ...tee(AT), ...get(END), ...i32.gtU, ...returnIf],
  [...increase(BOUND, constant(8)), ...tee(BOUND), ...get(ROW_END), ...i32.ne],
  when(
    [[...get(STOP), ...loadU8, ...constant(COMMA), ...i32.ne, ...returnIf]],
    [
      [...get(STOP), ...loadU8, ...constant(LF), ...i32.eq, ...get(IS_PAIR), ...or, ...i32.eqz, ...returnIf],
      [...get(BOUND), ...tee(WHOLE), ...get(WIDTH), ...add, ...set(ROW_END)],
    ],
  ),
];

const READ = [
  [...get(AT), ...set(SOURCE), ...constant(BOUNDS), ...tee(BOUND), ...tee(WHOLE)],
  [...get(WIDTH), ...constant(3), ...shl, ...tee(WIDTH), ...add, ...set(ROW_END)], // from now on in bytes of bounds
  loop(
    [...v128.constant(STOPS), ...get(SOURCE), ...v128.load, ...tee(BYTES)],
    [...v128.constant(Array(16).fill(0x0f)), ...v128.and, ...i8x16.swizzle],
    [...get(BYTES), ...i8x16.eq, ...i8x16.bitmask, ...tee(FOUND)],
    when([
      loop(
        [...increase(SOURCE, [...get(FOUND), ...ctz]), ...tee(STOP), ...get(AT), ...i32.geU, ...when(END_CELL)],
        [...get(FOUND), ...get(FOUND), ...constant(1), ...sub, ...and, ...tee(FOUND), ...repeatIf],
      ),
    ]),
    [...increase(SOURCE, constant(16)), ...tee(SOURCE), ...get(END), ...i32.ltU, ...repeatIf],
  ),
  get(WHOLE),
].flat();

/** @returns undefined where WebAssembly has no vectors */
export function loadCsvKernel(): CsvKernel | undefined {
  return loadKernel<CsvKernel>({
    ...{ name: "read", parameters: 4, results: 1, body: READ, pages: PAGES },
    locals: [
      [7, I32], // SOURCE to IS_PAIR
      [1, V128], // BYTES
    ],
  });
}
