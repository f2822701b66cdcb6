import { useEffect, useState } from "preact/hooks";
import { ask, type ServerFault } from "./client.ts";

export interface Asked<Answer> {
  readonly answer: Answer | null;
  readonly fault: ServerFault | null;
}

/**
 * The server's answer at an address; none for null. It is asked for again when `version` changes, and until then the
 * answer stays; that of another address does not.
 */
export function useAnswer<Answer>(address: string | null, version: string): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer> & { readonly address: string | null }>(nothingAt(null));
  useEffect(() => {
    if (address === null) return;
    const { signal, abort } = withSignal();
    ask<Answer>(address, signal).then(
      (answer) => setAsked({ address, answer, fault: null }),
      (fault) => signal.aborted || setAsked({ address, answer: null, fault }),
    );
    return abort;
  }, [address, version]);
  return asked.address === address ? asked : nothingAt(address);
}

const nothingAt = (address: string | null) => ({ address, answer: null, fault: null });

function withSignal() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
