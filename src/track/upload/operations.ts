/**
 * The GraphQL operations of W&B that a writer of runs needs, with what of their answers is used.
 */

export interface Viewer {
  readonly viewer: { readonly entity?: string | null; readonly username?: string | null } | null;
}

export const VIEWER = `
query Viewer {
  viewer { id entity username }
}`;

/** A run as it was left. */
export interface RunStatus {
  readonly id: string;
  readonly name: string;
  readonly displayName?: string | null;
  readonly config?: string | null;
  readonly summaryMetrics?: string | null;
  readonly historyLineCount?: number | null;
  readonly eventsLineCount?: number | null;
  readonly logLineCount?: number | null;
  /** A JSON list of the last lines. */
  readonly historyTail?: string | null;
  readonly eventsTail?: string | null;
  readonly tags?: readonly string[] | null;
  readonly notes?: string | null;
}

export interface ResumeStatus {
  readonly model: { readonly bucket: RunStatus | null } | null;
}

export const RUN_RESUME_STATUS = `
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
}`;

export const REWIND_RUN = `
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
}`;

export interface Rewound {
  readonly rewindRun: {
    readonly rewoundRun: { readonly id: string; readonly historyLineCount?: number | null } | null;
  } | null;
}

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

export const UPSERT_BUCKET = `
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
}`;

export interface Upserted {
  readonly upsertBucket: {
    readonly bucket: {
      readonly id: string;
      readonly name: string;
      readonly displayName?: string | null;
      readonly project?: { readonly name: string; readonly entity: { readonly name: string } } | null;
      readonly historyLineCount?: number | null;
    };
  };
}

export const CREATE_RUN_FILES = `
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID
    uploadHeaders
    files { name uploadUrl }
  }
}`;

export interface CreatedFiles {
  readonly createRunFiles: {
    /** `Name:value`. */
    readonly uploadHeaders: readonly string[];
    readonly files: readonly { readonly name: string; readonly uploadUrl: string }[];
  };
}

export const CREATE_ARTIFACT = `
mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) {
    artifact {
      id
      state
      artifactSequence { latestArtifact { id } }
    }
  }
}`;

export interface CreatedArtifact {
  readonly createArtifact: {
    readonly artifact: {
      readonly id: string;
      readonly state: string;
      readonly artifactSequence?: { readonly latestArtifact?: { readonly id: string } | null } | null;
    };
  };
}

export const CREATE_ARTIFACT_MANIFEST = `
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
}`;

export interface CreatedManifest {
  readonly createArtifactManifest: {
    readonly artifactManifest: {
      readonly id: string;
      readonly file: { readonly uploadUrl?: string | null; readonly uploadHeaders?: readonly string[] | null };
    };
  };
}

export const CREATE_ARTIFACT_FILES = `
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
}`;

export interface CreatedArtifactFiles {
  readonly createArtifactFiles: {
    readonly files: {
      readonly edges: readonly {
        readonly node: {
          /** Null: the server has the file. */
          readonly uploadUrl?: string | null;
          readonly uploadHeaders?: readonly string[] | null;
          readonly artifact: { readonly id: string };
        };
      }[];
    };
  };
}

export const COMMIT_ARTIFACT = `
mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) {
    artifact { id digest }
  }
}`;
