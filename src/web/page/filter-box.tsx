import { useEffect, useRef } from "preact/hooks";
import { isShortcut } from "./keys.ts";
import type { RunsView } from "./view.ts";

/** The filter of runs; / goes to it from anywhere. */
export function FilterBox({ state, update, filterFaults }: RunsView) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isWriting = (event.target as Element).closest("input, select, textarea, dialog") !== null;
      if (event.key !== "/" || isWriting || isShortcut(event)) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
  return (
    <div class="filter">
      <input
        ref={input}
        type="search"
        aria-label="Filter runs"
        aria-describedby="filter-faults"
        placeholder="Filter: name, state:finished, train.lr>=1e-4 …"
        spellcheck={false}
        autocomplete="off"
        value={state.filter}
        onInput={(e) => update({ filter: e.currentTarget.value })}
      />
      <p id="filter-faults" role="status" class="hint">
        {filterFaults.join("; ")}
      </p>
    </div>
  );
}
