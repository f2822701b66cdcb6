import { type AnswerHeaders, type HttpFault, passing, statusFault } from "../../http/faults.ts";
import { type AmlcError, InputError } from "../../util/errors.ts";
import type { HubToken } from "./hub-token.ts";

/** What was asked of the hub, for the words of a refusal. */
export interface Asked {
  /** `https://huggingface.co` */
  readonly endpoint: string;
  /** `google/paligemma-3b-pt-448` */
  readonly model: string;
  readonly revision: string;
  readonly token: HubToken | undefined;
}

/** An answer that is none. */
export interface Refusal {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Whether the hub itself said it, and not the store that it leads to. */
  readonly byHub: boolean;
}

/** Why the hub gave nothing: a fault that may pass, or what the user has to do. */
export function explainRefusal(refusal: Refusal, asked: Asked): HttpFault | AmlcError {
  const { status, headers, byHub } = refusal;
  const fault = statusFault(status, headers);
  // The store's addresses are signed for an hour or so; the hub gives a fresh one.
  const expired = !byHub && (status === 401 || status === 403);
  if (fault.passing || expired) return passing(fault.message, fault.retryAfter);
  if (status === 401 || status === 403) return forbidden(refusal, asked);
  return status === 404
    ? notFound(headers, asked)
    : new InputError(`${asked.model}: ${fault.message}`, { hint: ELSEWHERE });
}

const ELSEWHERE = "check HF_ENDPOINT, or try again later";

function forbidden({ status, headers }: Refusal, { endpoint, model, token }: Asked): InputError {
  const page = `${endpoint}/${model}`;
  const make = `a token with read access (${endpoint}/settings/tokens)`;
  if (headers["x-error-code"] === "GatedRepo") {
    const whose = token ? `the account of the token in ${token.source} has not accepted it` : "there is no token";
    return new InputError(`${model}: is given to those who have accepted its licence, and ${whose}`, {
      hint: `accept the licence at ${page}, and set HF_TOKEN to ${make} of that account`,
    });
  }
  if (token && status === 401) {
    return new InputError(`${model}: the server does not know the token in ${token.source}`, {
      hint: `set HF_TOKEN to ${make}; a public model is fetched without any`,
    });
  }
  if (token) {
    return new InputError(`${model}: the token in ${token.source} may not read it`, {
      hint: `give it access, to gated models too where it is fine-grained, at ${endpoint}/settings/tokens; see ${page}`,
    });
  }
  return new InputError(`${model}: there is no such model at ${endpoint}, or it is not public`, {
    hint: `check the name; for a gated or private one accept the licence at ${page} and set HF_TOKEN to ${make}`,
  });
}

function notFound(headers: AnswerHeaders, { endpoint, model, revision }: Asked): InputError {
  if (headers["x-error-code"] === "RevisionNotFound") {
    return new InputError(`${model}: has no revision ${JSON.stringify(revision)}`, {
      hint: `see ${endpoint}/${model}/tree/main for its branches`,
    });
  }
  return new InputError(`${model}: is not at ${endpoint}`, {
    hint: "check the name: it is org/name, as in the address of the model's page",
  });
}
