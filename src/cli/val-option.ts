import { InputError } from "../util/errors.ts";

/** `--val`: a share of the images, or the path of a table that has them. @throws InputError for a number that is no share */
export function readShare(val: string | undefined): { val?: number | string } {
  if (val === undefined) return {};
  const share = Number(val);
  if (Number.isNaN(share) && !LIKE_A_SHARE.test(val)) return { val };
  if (share >= 0 && share <= 1) return { val: share };
  throw new InputError(`--val ${val}: a share is a number from 0 to 1`, { hint: "--val 0.05 keeps 5 % of the images" });
}

/** 5%, 0,05 */
const LIKE_A_SHARE = /^\d+([.,]\d+)? ?%?$/;
