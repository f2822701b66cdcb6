import { z } from "zod";

/** A GraphQL operation of W&B that a writer of runs needs, and what of its answer is used. */
export interface Operation<T> {
  /** As the text has it. */
  readonly name: string;
  readonly text: string;
  readonly answer: z.ZodType<T>;
}

const count = z.int().nonnegative().nullish();
const headers = z.array(z.string()).nullish();
const address = z.string().nullish();

export const VIEWER = {
  name: "Viewer",
  text: `
query Viewer {
  viewer { id entity username }
}`,
  answer: z.object({ viewer: z.object({ entity: z.string().nullish() }).nullish() }),
};

/** A JSON list of the last lines. */
const tail = z.string().refine(isList, "is no list of lines").nullish();

const RunStatusAnswer = z.object({
  id: z.string(),
  config: z.string().nullish(),
  summaryMetrics: z.string().nullish(),
  historyLineCount: count,
  eventsLineCount: count,
  logLineCount: count,
  historyTail: tail,
  eventsTail: tail,
});

/** A run as it was left. */
export type RunStatus = Readonly<z.output<typeof RunStatusAnswer>>;

function isList(text: string): boolean {
  try {
    return text === "" || Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

export const RUN_RESUME_STATUS = {
  name: "RunResumeStatus",
  text: `
query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    id
    name
    entity { id name }
    bucket(name: $name, missingOk: true) {
      id
      name
      displayName
      config
      summaryMetrics
      historyLineCount
      eventsLineCount
      logLineCount
      historyTail
      eventsTail
      tags
      notes
      wandbConfig(keys: ["t"])
    }
  }
}`,
  answer: z.object({ model: z.object({ bucket: RunStatusAnswer.nullish() }).nullish() }),
};

export const REWIND_RUN = {
  name: "RewindRun",
  text: `
mutation RewindRun($runName: String!, $entity: String, $project: String, $metricName: String!, $metricValue: Float!) {
  rewindRun(
    input: {
      runName: $runName, entityName: $entity, projectName: $project, metricName: $metricName, metricValue: $metricValue
    }
  ) {
    rewoundRun {
      id
      name
      displayName
      config
      project { id name entity { id name } }
      historyLineCount
    }
  }
}`,
  answer: z.object({
    rewindRun: z.object({ rewoundRun: z.object({ historyLineCount: count }).nullish() }).nullish(),
  }),
};

/** What a run is set up with, and what of it changes. Null: as it is. */
export interface UpsertVariables {
  readonly id: string | null;
  readonly name: string;
  readonly project: string;
  readonly entity: string | null;
  readonly groupName: string | null;
  readonly description: null;
  readonly displayName: string | null;
  readonly notes: string | null;
  readonly commit: string | null;
  /** JSON. */
  readonly config: string | null;
  readonly host: string | null;
  readonly debug: null;
  readonly program: string | null;
  readonly repo: string | null;
  readonly jobType: string | null;
  readonly state: null;
  readonly sweep: string | null;
  readonly tags: readonly string[] | null;
  readonly summaryMetrics: null;
}

const BucketAnswer = z.object({
  displayName: z.string().nullish(),
  project: z.object({ name: z.string(), entity: z.object({ name: z.string() }) }).nullish(),
  historyLineCount: count,
});

export type Bucket = Readonly<z.output<typeof BucketAnswer>>;

export const UPSERT_BUCKET = {
  name: "UpsertBucket",
  text: `
mutation UpsertBucket(
  $id: String, $name: String, $project: String, $entity: String, $groupName: String, $description: String,
  $displayName: String, $notes: String, $commit: String, $config: JSONString, $host: String, $debug: Boolean,
  $program: String, $repo: String, $jobType: String, $state: String, $sweep: String, $tags: [String!],
  $summaryMetrics: JSONString
) {
  upsertBucket(
    input: {
      id: $id, name: $name, groupName: $groupName, modelName: $project, entityName: $entity, description: $description,
      displayName: $displayName, notes: $notes, config: $config, commit: $commit, host: $host, debug: $debug,
      jobProgram: $program, jobRepo: $repo, jobType: $jobType, state: $state, sweep: $sweep, tags: $tags,
      summaryMetrics: $summaryMetrics
    }
  ) {
    bucket {
      id
      name
      displayName
      description
      config
      sweepName
      project { id name entity { id name } }
      historyLineCount
    }
    inserted
  }
}`,
  answer: z.object({ upsertBucket: z.object({ bucket: BucketAnswer }) }),
};

export const CREATE_RUN_FILES = {
  name: "CreateRunFiles",
  text: `
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID
    uploadHeaders
    files { name uploadUrl }
  }
}`,
  answer: z.object({
    createRunFiles: z.object({
      /** `Name:value`. */
      uploadHeaders: headers,
      files: z.array(z.object({ name: z.string(), uploadUrl: address })),
    }),
  }),
};

const ArtifactAnswer = z.object({
  id: z.string(),
  state: z.string(),
  artifactSequence: z.object({ latestArtifact: z.object({ id: z.string() }).nullish() }).nullish(),
});

export const CREATE_ARTIFACT = {
  name: "CreateArtifact",
  text: `
mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) {
    artifact {
      id
      state
      artifactSequence { latestArtifact { id } }
    }
  }
}`,
  answer: z.object({ createArtifact: z.object({ artifact: ArtifactAnswer }) }),
};

export const CREATE_ARTIFACT_MANIFEST = {
  name: "CreateArtifactManifest",
  text: `
mutation CreateArtifactManifest(
  $artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!, $entityName: String!, $projectName: String!,
  $runName: String!, $manifestType: ArtifactManifestType!, $includeUpload: Boolean!
) {
  createArtifactManifest(
    input: {
      artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name, digest: $digest, entityName: $entityName,
      projectName: $projectName, runName: $runName, type: $manifestType
    }
  ) {
    artifactManifest {
      id
      file {
        id
        uploadUrl @include(if: $includeUpload)
        uploadHeaders @include(if: $includeUpload)
      }
    }
  }
}`,
  answer: z.object({
    createArtifactManifest: z.object({
      artifactManifest: z.object({ id: z.string(), file: z.object({ uploadUrl: address, uploadHeaders: headers }) }),
    }),
  }),
};

const ArtifactFileAnswer = z.object({
  /** Null: the server has the file. */
  uploadUrl: address,
  uploadHeaders: headers,
  artifact: z.object({ id: z.string() }),
});

export const CREATE_ARTIFACT_FILES = {
  name: "CreateArtifactFiles",
  text: `
mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files {
      edges {
        node {
          storagePath
          displayName
          uploadUrl
          uploadHeaders
          artifact { id }
        }
      }
    }
  }
}`,
  answer: z.object({
    createArtifactFiles: z.object({ files: z.object({ edges: z.array(z.object({ node: ArtifactFileAnswer })) }) }),
  }),
};

export const COMMIT_ARTIFACT = {
  name: "CommitArtifact",
  text: `
mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) {
    artifact { id digest }
  }
}`,
  answer: z.unknown(),
};
