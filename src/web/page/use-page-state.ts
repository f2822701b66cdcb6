import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { formatState, type PageState, parseState } from "./page-state.ts";

export type Update = (change: Partial<PageState>) => void;

/** Browsers refuse an address that changes a hundred times in a few seconds, as it would while a slider is moved. */
const WRITE_MS = 150;

/** The state in the address, and how to change it. Another tab is a place to come back to, all else is not. */
export function usePageState(): readonly [PageState, Update] {
  const [state, setState] = useState(() => parseState(location.hash));
  const current = useRef(state);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const write = useCallback(() => {
    clearTimeout(timer.current);
    history.replaceState(null, "", `#${formatState(current.current)}`);
  }, []);

  const update = useCallback<Update>((change) => {
    const next = { ...current.current, ...change };
    if (next.tab !== current.current.tab) {
      write();
      history.pushState(null, "", `#${formatState(next)}`);
    }
    current.current = next;
    setState(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(write, WRITE_MS);
  }, []);

  useEffect(() => {
    const read = () => {
      clearTimeout(timer.current);
      current.current = parseState(location.hash);
      setState(current.current);
    };
    addEventListener("popstate", read);
    addEventListener("pagehide", write);
    return () => {
      removeEventListener("popstate", read);
      removeEventListener("pagehide", write);
    };
  }, []);
  return [state, update];
}
