import { expect, test } from "vitest";
import { type StateEvidence, stateOf } from "../../src/web/run-state.ts";

const evidence: StateEvidence = {
  ...{ lock: "none", outcome: null, step: 5, plannedSteps: 10, patience: null, isJudged: false },
};

test.each<[string, Partial<StateEvidence>, string]>([
  ["held by a process that lives", { lock: "held", outcome: { outcome: "failed", step: 5 } }, "running"],
  ["held by a process that is gone", { lock: "dead" }, "crashed"],
  ["that says it was stopped", { outcome: { outcome: "stopped", step: 5 } }, "stopped"],
  ["that says it has failed", { outcome: { outcome: "failed", step: 5 }, step: 10 }, "failed"],
  ["that has finished before its plan", { outcome: { outcome: "finished", step: 5 } }, "finished"],
  ["at its last step", { step: 10 }, "finished"],
  ["before its last step", {}, "stopped"],
  ["before its last step, evaluated on the way", { isJudged: true }, "stopped"],
  ["before its last step, evaluated, that may end early", { isJudged: true, patience: 3 }, "finished"],
  ["whose plan is not known", { plannedSteps: null }, "stopped"],
  ["whose plan is not known, evaluated", { plannedSteps: null, isJudged: true }, "finished"],
])("a run %s", (_, known, state) => {
  expect(stateOf({ ...evidence, ...known })).toBe(state);
});
