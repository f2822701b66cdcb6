import { lasting, networkFault } from "./faults.ts";

/** What goes wrong while these are read is the network's fault; what goes wrong while they are written is not. */
export async function* networkChunks(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw networkFault(error);
  }
}

const MAX_PAGE = 64 * 2 ** 20;

/** The whole of a page, whatever length the server says it has. @throws LinkFault when there is no end to it */
export async function readPage(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of networkChunks(body)) {
    bytes += chunk.length;
    if (bytes > MAX_PAGE) throw lasting("the page is far too large");
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
