import type { Dispatcher } from "undici";
import { fromNetwork, lasting, networkFault, type ToFault } from "./faults.ts";

export interface Bounds {
  /** That may come, whatever length the server says the body has. */
  readonly maxBytes: number;
  /** What is said of a body that has more. */
  readonly tooLarge?: string;
  readonly toFault?: ToFault | undefined;
}

/** What goes wrong while these are read is the network's fault; what goes wrong while they are written is not. */
export async function* chunksOf(body: AsyncIterable<Buffer>, bounds: Bounds): AsyncGenerator<Buffer, void, void> {
  const { maxBytes, tooLarge = fileTooLarge(maxBytes), toFault = networkFault } = bounds;
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw lasting(tooLarge);
      yield chunk;
    }
  } catch (error) {
    throw toFault(error);
  }
}

export const fileTooLarge = (maxBytes: number): string => `the file is larger than ${maxBytes} bytes`;

const MAX_TEXT = 64 * 2 ** 20;

/** The whole of a text. @param what it is, for the fault that there is no end to it. @throws HttpFault */
export async function readText(body: AsyncIterable<Buffer>, what: string, toFault?: ToFault): Promise<string> {
  const bounds = { maxBytes: MAX_TEXT, tooLarge: `the ${what} is far too large`, toFault };
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(body, bounds)) chunks.push(chunk);
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Reads the rest of an answer that is not wanted, if that is little, so that its connection can be used again. @throws HttpFault */
export function discard(body: Dispatcher.ResponseData["body"]): Promise<void> {
  return fromNetwork(() => body.dump({ limit: 64 * 2 ** 10 }));
}
