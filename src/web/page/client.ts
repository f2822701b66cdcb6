/** What the server said was wrong, or that it does not answer (status 0). */
export class ServerFault extends Error {
  constructor(
    message: string,
    readonly hint: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export type Params = Readonly<Record<string, string | number | readonly string[] | null>>;

/** The address of one of the server's answers; a list repeats its key, null is left out. */
export function addressOf(name: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params))
    for (const one of value === null ? [] : [value].flat()) query.append(key, String(one));
  return `/api/${name}${query.size ? `?${query}` : ""}`;
}

/** @throws ServerFault */
export async function ask<Answer>(address: string, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(address, signal ? { signal } : {}).catch((cause: Error) => {
    if (signal?.aborted) throw cause;
    throw new ServerFault("The server does not answer", "is `amlc ui` still running?", 0);
  });
  const body = (await response.json().catch(() => null)) as {
    error?: { message?: string; hint?: string | null };
  } | null;
  if (response.ok && body) return body as Answer;
  const { message = `The server answered with ${response.status}`, hint } = body?.error ?? {};
  throw new ServerFault(message, hint ?? "", response.status);
}
