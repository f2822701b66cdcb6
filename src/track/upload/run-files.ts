import { stat } from "node:fs/promises";
import { HttpFault } from "../../http/faults.ts";
import type { Content } from "./client.ts";
import { CREATE_RUN_FILES } from "./operations.ts";
import type { WandbServer } from "./server.ts";

/** Where a run is on the server. */
export interface RunPlace {
  readonly entity: string;
  readonly project: string;
  readonly id: string;
}

/** A file of a run by its name on the server, and what is in it. */
export interface RunFile {
  readonly name: string;
  readonly content: Content;
}

/** An address that was given for a file is good for some time only. */
const EXPIRED = 403;

/**
 * Puts files of a run where the server says. One that it does not want is not put. @returns their names
 * @throws HttpFault, or the signal's reason
 */
export async function putRunFiles(server: WandbServer, { entity, project, id }: RunPlace, files: readonly RunFile[]) {
  const addresses = async (wanted: readonly RunFile[]) => {
    const variables = { entity, project, run: id, files: wanted.map(({ name }) => name) };
    const { createRunFiles } = await server.ask(CREATE_RUN_FILES, variables);
    const byName = new Map(createRunFiles.files.map(({ name, uploadUrl }) => [name, uploadUrl]));
    return { headers: createRunFiles.uploadHeaders ?? [], byName };
  };
  if (files.length === 0) return [];
  const { headers, byName } = await addresses(files);
  for (const file of files) {
    const address = byName.get(file.name);
    if (!address) continue;
    try {
      await server.put(address, headers, file.content);
    } catch (fault) {
      if (!(fault instanceof HttpFault) || fault.status !== EXPIRED) throw fault;
      const again = await addresses([file]);
      await server.put(again.byName.get(file.name) ?? address, again.headers, file.content);
    }
  }
  return files.map(({ name }) => name);
}

/** A file on this machine as it is now; undefined when there is none. */
export async function contentOf(file: string): Promise<Content | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? { file, bytes: found.size } : undefined;
}
