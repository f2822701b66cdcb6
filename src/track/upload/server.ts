import type { HttpFault } from "../../http/faults.ts";
import { retrying } from "../../http/retrying.ts";
import type { WandbSettings } from "../wandb-settings.ts";
import { type Content, openWandb, type StreamAnswer, type WandbClient } from "./client.ts";
import type { Operation } from "./operations.ts";
import { Hurry, type Pauses, pauseAfter } from "./retry.ts";

export interface ServerOptions {
  readonly pauses: Pauses;
  /** Of the first request, and of each later one. */
  readonly attempts: { readonly first: number; readonly later: number };
  readonly signal: AbortSignal;
  readonly hurry?: Hurry;
  /** Told once why nothing can be sent for now, and once that it works again. */
  readonly onReach: (reason: string | undefined) => void;
}

/** A server that is asked again where that may help. All methods: @throws HttpFault, or the signal's reason */
export interface WandbServer extends AsyncDisposable {
  readonly settings: WandbSettings;
  readonly hurry: Hurry;
  ask<T>(operation: Operation<T>, variables: object): Promise<T>;
  stream(path: string, body: object): Promise<StreamAnswer>;
  put(address: string, headers: readonly string[], content: Content): Promise<void>;
}

const FILE_ATTEMPTS = 20;

/** @throws InputError when there is no key */
export function openServer(settings: WandbSettings, options: ServerOptions): WandbServer {
  const client: WandbClient = openWandb(settings);
  const { attempts, pauses, signal, onReach } = options;
  const hurry = options.hurry ?? new Hurry();
  let [faults, isAway, isKnown] = [0, false, false];

  const pause = ({ message, retryAfter }: HttpFault, before: number) => {
    const isWish = retryAfter !== undefined; // it answers, and says when to come again
    if (!isWish) faults++;
    if (!isWish && faults > 1 && !isAway) {
      isAway = true; // one fault alone is told to nobody
      onReach(message);
    }
    return hurry.wait(pauseAfter(before, retryAfter, pauses, Math.random()), signal, isWish);
  };
  const work = async <T>(attempt: () => Promise<T>, most = Number.POSITIVE_INFINITY): Promise<T> => {
    const limit = Math.min(most, isKnown ? attempts.later : attempts.first);
    const result = await retrying(attempt, { attempts: limit, pause, signal });
    isKnown = true;
    faults = 0;
    if (isAway) onReach(undefined);
    isAway = false;
    return result;
  };
  return {
    settings,
    hurry,
    ask: (operation, variables) => work(() => client.ask(operation, variables, signal)),
    stream: (path, body) => work(() => client.stream(path, body, signal)),
    put: (address, headers, content) => work(() => client.put(address, headers, content, signal), FILE_ATTEMPTS),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
