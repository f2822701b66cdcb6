import type { LiveEvent } from "../api.ts";
import { addressOf } from "./client.ts";

export type Link = "connecting" | "live" | "lost";

export interface LiveEnds {
  readonly onLink: (link: Link) => void;
  readonly onEvent: (event: LiveEvent) => void;
}

const RETRY_MS = 2000;

/** Listens to the server until it is told to stop. A browser gives up where it gets an error for an answer; this does not. */
export function listen({ onLink, onEvent }: LiveEnds): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  function connect(): void {
    source = new EventSource(addressOf("events"));
    source.onopen = () => onLink("live");
    source.onmessage = ({ data }) => onEvent(JSON.parse(data) as LiveEvent);
    source.onerror = () => {
      onLink("lost");
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, RETRY_MS);
    };
  }
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
