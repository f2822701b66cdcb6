import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Behaviour, type ImageServer, status } from "../support/image-server.ts";

export interface ZipEntry {
  readonly path: string;
  readonly text?: string;
  readonly mode?: number;
}

/** A zip of uncompressed files, whatever their names are. */
export function makeZip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { path, text = "", mode = 0o644 } of entries) {
    const [name, data] = [Buffer.from(path), Buffer.from(text)];
    const common = Buffer.alloc(26); // from "version needed" to "extra field length"
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(text), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14); // from "comment length" to "offset of the local header"
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, data]);
    centrals.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, rest, name]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

export const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Sends what was asked for, from the middle on if that was wanted. */
export function ranged(bytes: Uint8Array): Behaviour {
  return (response, _nth, { headers }) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    if (start >= bytes.length) return status(416)(response, 1, undefined as never);
    const range = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": bytes.length - start,
      ...(start > 0 && range),
    });
    response.end(bytes.subarray(start));
  };
}

export interface OfferedFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256?: string;
  readonly behaviour?: Behaviour;
}

/** Makes a server an index that has a project with these files, as JSON. @returns the index's address */
export function offer(server: ImageServer, project: string, files: readonly OfferedFile[]): string {
  for (const { name, bytes, behaviour } of files) server.serve(`/files/${name}`, behaviour ?? ranged(bytes));
  const listed = files.map(({ name, bytes, sha256: stated = sha256(bytes) }) => ({
    filename: name,
    url: `../../files/${name}`,
    hashes: { sha256: stated },
    size: bytes.length,
  }));
  server.serve(`/simple/${project}/`, (response) => {
    response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" });
    response.end(JSON.stringify({ meta: {}, name: project, files: listed }));
  });
  return `http://${server.host}/simple/`;
}
