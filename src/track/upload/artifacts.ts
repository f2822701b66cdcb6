import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { WandbArtifact, WandbManifest, WandbManifestEntry } from "../../formats/wandb-record.ts";
import { lasting } from "../../http/faults.ts";
import { COMMIT_ARTIFACT, CREATE_ARTIFACT, CREATE_ARTIFACT_FILES, CREATE_ARTIFACT_MANIFEST } from "./operations.ts";
import { contentOf, type RunPlace } from "./run-files.ts";
import type { WandbServer } from "./server.ts";

const MANIFEST = "wandb_manifest.json";
const COMMITTED = "COMMITTED";

/**
 * Sends an artifact: it is announced, its files are put, then its manifest, and then it counts. One whose content the server
 * has already is not put again. @throws HttpFault, one that does not pass when its files are gone or others now
 */
export async function putArtifact(
  server: WandbServer,
  place: RunPlace,
  artifact: WandbArtifact,
  staging: string,
): Promise<void> {
  const contents = (artifact.manifest?.contents ?? []).map((entry) => found(entry, staging));
  await requireUnchanged(contents);
  const { createArtifact } = await server.ask(CREATE_ARTIFACT, {
    input: inputOf(artifact, place),
  });
  const { id, state, artifactSequence } = createArtifact.artifact;
  if (state === COMMITTED) return;
  const manifest = (digest: string, includeUpload: boolean) =>
    server.ask(CREATE_ARTIFACT_MANIFEST, {
      artifactID: id,
      baseArtifactID: artifact.baseId || (artifactSequence?.latestArtifact?.id ?? null),
      name: MANIFEST,
      digest,
      entityName: place.entity,
      projectName: place.project,
      runName: place.id,
      manifestType: "FULL",
      includeUpload,
    });
  const { createArtifactManifest } = await manifest("", false);
  const born = await putFiles(server, id, createArtifactManifest.artifactManifest.id, contents);
  const text = Buffer.from(manifestText(artifact.manifest, contents, born));
  const digest = createHash("md5").update(text).digest("base64");
  const { file } = (await manifest(digest, true)).createArtifactManifest.artifactManifest;
  if (!file.uploadUrl) throw lasting("the server gave no address for a manifest");
  await server.put(file.uploadUrl, file.uploadHeaders ?? [], text);
  if (artifact.finalize) await server.ask(COMMIT_ARTIFACT, { artifactID: id });
}

/** A run's folder may have been moved since the path of a file was written down. */
function found(entry: WandbManifestEntry, staging: string): WandbManifestEntry {
  const { localPath } = entry;
  if (!localPath || existsSync(localPath)) return entry;
  return { ...entry, localPath: join(staging, basename(localPath)) };
}

/** What was read when the artifact was made must be what is sent now. @throws HttpFault */
async function requireUnchanged(contents: readonly WandbManifestEntry[]): Promise<void> {
  for (const { path, localPath, digest } of contents) {
    if (!localPath) continue;
    const found = await digestOf(localPath).catch(() => undefined);
    if (found === digest) continue;
    const fate = found === undefined ? "is not there any more" : "has changed since";
    throw lasting(`its file ${path} ${fate}`);
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("base64");
}

function inputOf(artifact: WandbArtifact, { entity, project, id }: RunPlace): object {
  const { name, aliases = [], tags = [] } = artifact;
  return {
    entityName: entity,
    projectName: project,
    runName: artifact.userCreated ? null : id,
    artifactTypeName: artifact.type,
    artifactCollectionName: name,
    artifactCollectionNames: null,
    digest: artifact.digest,
    digestAlgorithm: "MANIFEST_MD5",
    description: artifact.description || null,
    aliases: aliases.map((alias) => ({ artifactCollectionName: name, alias })),
    labels: null,
    metadata: artifact.metadata || null,
    ttlDurationSeconds: artifact.ttlDurationSeconds || null,
    historyStep: null,
    enableDigestDeduplication: true,
    distributedID: artifact.distributedId || null,
    clientID: artifact.clientId ?? "",
    sequenceClientID: artifact.sequenceClientId ?? "",
    storageRegion: null,
    clientMutationId: null,
    ...(tags.length > 0 && { tags: tags.map((tagName) => ({ tagName })) }),
  };
}

/** Files of one question; the server answers with an address for each. */
const BATCH = 50;

/** @returns by path the artifact that a file was first part of */
async function putFiles(
  server: WandbServer,
  artifactID: string,
  artifactManifestID: string,
  contents: readonly WandbManifestEntry[],
): Promise<ReadonlyMap<string, string>> {
  const born = new Map<string, string>();
  const own = contents.filter(({ localPath }) => localPath);
  for (let begin = 0; begin < own.length; begin += BATCH) {
    const batch = own.slice(begin, begin + BATCH);
    const artifactFiles = batch.map(({ path, digest }) => ({
      artifactID,
      artifactManifestID,
      name: path,
      md5: digest,
      mimetype: null,
      uploadPartsInput: null,
    }));
    const input = { artifactFiles, storageLayout: "V2", clientMutationId: null, cloudRegionID: null };
    const answer = await server.ask(CREATE_ARTIFACT_FILES, { input });
    const { edges } = answer.createArtifactFiles.files;
    for (const [i, { path, localPath }] of batch.entries()) {
      const node = edges[i]?.node;
      if (!node) throw lasting(`the server gave no address for ${path}`);
      born.set(path, node.artifact.id);
      const content = node.uploadUrl ? await contentOf(localPath!) : undefined;
      if (node.uploadUrl && content) await server.put(node.uploadUrl, node.uploadHeaders ?? [], content);
    }
  }
  return born;
}

/** The file that says what an artifact consists of. */
function manifestText(
  manifest: WandbManifest | undefined,
  contents: readonly WandbManifestEntry[],
  born: ReadonlyMap<string, string>,
): string {
  const { version = 1, storagePolicy = "wandb-storage-policy-v1" } = manifest ?? {};
  const entries = contents.map((entry) => {
    const birthArtifactID = born.get(entry.path) ?? entry.birthArtifactId;
    const extra = Object.fromEntries(
      (entry.extra ?? []).map(({ key, valueJson = "null" }) => [key, JSON.parse(valueJson) as unknown]),
    );
    return [
      entry.path,
      {
        digest: entry.digest,
        ...(entry.ref && { ref: entry.ref }),
        size: entry.size ?? 0,
        ...(entry.localPath && { local_path: entry.localPath }),
        ...(birthArtifactID && { birthArtifactID }),
        skip_cache: entry.skipCache ?? false,
        ...(Object.keys(extra).length > 0 && { extra }),
      },
    ] as const;
  });
  const storagePolicyConfig = { storageLayout: "V2" };
  return JSON.stringify({ version, storagePolicy, storagePolicyConfig, contents: Object.fromEntries(entries) });
}
