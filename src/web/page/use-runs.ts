import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveEvent, RunsAnswer } from "../api.ts";
import { addressOf, ask, type ServerFault } from "./client.ts";
import { type Link, listen } from "./live.ts";
import { applyEvent, hasNewPoints, noticeOf } from "./live-runs.ts";

export interface LiveRuns {
  /** Null until the first answer. */
  readonly answer: RunsAnswer | null;
  readonly fault: ServerFault | null;
  readonly link: Link;
  /** By run: how often there were new points. */
  readonly versions: ReadonlyMap<string, number>;
  /** How often the link was made: what was read before may be old. */
  readonly epoch: number;
  /** What has just happened, for those who cannot see it. */
  readonly notice: string;
}

const FIRST: LiveRuns = { answer: null, fault: null, link: "connecting", versions: new Map(), epoch: 0, notice: "" };

/** Events are taken together so often: a run may take a hundred steps a second. */
const TOGETHER_MS = 500;
const RETRY_MS = 2000;

/** All runs, as they are now. */
export function useRuns(): LiveRuns {
  const [state, setState] = useState(FIRST);
  const waiting = useRef<LiveEvent[]>([]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let loading = 0;
    const load = async () => {
      clearTimeout(retry);
      loading++;
      try {
        const answer = await ask<RunsAnswer>(addressOf("runs"));
        setState((old) => ({ ...old, answer, fault: null, epoch: old.epoch + 1 }));
      } catch (fault) {
        setState((old) => ({ ...old, fault: fault as ServerFault }));
        retry = setTimeout(load, RETRY_MS);
      }
      loading--;
      flush();
    };
    const flush = () => {
      clearTimeout(timer);
      timer = undefined;
      if (loading > 0) return; // what is on its way may be older than these events
      const events = waiting.current.splice(0);
      setState((old) => events.reduce(takeEvent, old));
    };
    let hasBeenLost = false;
    const stop = listen({
      onEvent(event) {
        waiting.current.push(event);
        timer ??= setTimeout(flush, TOGETHER_MS);
      },
      onLink(link) {
        if (link === "live" && hasBeenLost) void load();
        hasBeenLost = link === "lost";
        setState((old) => (old.link === link ? old : { ...old, link }));
      },
    });
    void load();
    return () => {
      clearTimeout(timer);
      clearTimeout(retry);
      stop();
    };
  }, []);
  return state;
}

function takeEvent(state: LiveRuns, event: LiveEvent): LiveRuns {
  if (!state.answer) return state;
  const runs = applyEvent(state.answer.runs, event);
  const notice = noticeOf(state.answer.runs, event) ?? state.notice;
  const versions = hasNewPoints(state.answer.runs, event) ? oneMore(state.versions, event) : state.versions;
  return { ...state, answer: runs === state.answer.runs ? state.answer : { ...state.answer, runs }, notice, versions };
}

function oneMore(versions: LiveRuns["versions"], event: LiveEvent): LiveRuns["versions"] {
  const name = event.kind === "run" ? event.run.name : event.run;
  return new Map(versions).set(name, (versions.get(name) ?? 0) + 1);
}
