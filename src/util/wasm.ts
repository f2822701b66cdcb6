// Names and codes of the WebAssembly specification, section "Binary format": what the kernels of this project are made of.

export const [I32, V128, NO_RESULT] = [0x7f, 0x7b, 0x40];
export const [ALIGN_1, ALIGN_4] = [0, 2];

export const get = (local: number) => [0x20, local];
export const set = (local: number) => [0x21, local];
export const tee = (local: number) => [0x22, local];
export const constant = (n: number) => [0x41, ...signedLeb(n)];
export const loop = (...body: number[][]) => [0x03, NO_RESULT, ...body.flat(), 0x0b];
/** Goes to the beginning of the innermost loop when the top of the stack is not 0. */
export const repeatIf = [0x0d, 0];
/** An instruction on vectors. */
export const vector = (code: number, ...immediates: number[]) => [0xfd, ...leb(code), ...immediates];

/** One function over one memory. */
export interface KernelSource {
  readonly name: string;
  /** Parameters, all i32. */
  readonly parameters: number;
  /** Results, all i32: 0 or 1. */
  readonly results: number;
  /** Further locals, as runs of a count and a type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: readonly number[];
  /** Of memory to begin with, 64 KiB each. */
  readonly pages: number;
}

/** The bytes of a module that exports the function by its name, and its memory as `memory`. */
export function encodeKernel({
  name,
  parameters,
  results,
  locals,
  body,
  pages,
}: KernelSource): Uint8Array<ArrayBuffer> {
  const type = [0x60, parameters, ...Array<number>(parameters).fill(I32), results, ...Array<number>(results).fill(I32)];
  const code = [locals.length, ...locals.flat(), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...section(1, [1, ...type]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, pages]),
    ...section(7, [2, ...text(name), 0, 0, ...text("memory"), 2, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}

/**
 * A kernel, ready to run; `Kernel` says what it exports.
 * @returns undefined where WebAssembly has no vectors
 */
export function loadKernel<Kernel>(source: KernelSource): Kernel | undefined {
  const module = encodeKernel(source);
  if (!WebAssembly.validate(module)) return undefined;
  return new WebAssembly.Instance(new WebAssembly.Module(module)).exports as Kernel;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function text(name: string): number[] {
  return [...leb(name.length), ...Buffer.from(name)];
}

function leb(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(n >>> 7)];
}

function signedLeb(n: number): number[] {
  return n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signedLeb(n >> 7)];
}
