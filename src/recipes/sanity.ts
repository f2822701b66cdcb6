import { checkSubmission, type SubmissionCheck } from "../data/check-submission.ts";

export interface SanityOptions {
  readonly submission: string;
  /** The test table: indices must then be exactly its own, and units those of its entities. */
  readonly test?: string;
}

/** Checks a submission as the challenge's own script does, and more. @throws InputError when a file is no table */
export function sanity({ submission, test }: SanityOptions): Promise<SubmissionCheck> {
  return checkSubmission(submission, test);
}
