import type { ServerFault } from "./client.ts";

/** Something is wrong; what there was before stays on the page beneath. */
export function Fault({ message, hint }: { readonly message: string; readonly hint: string }) {
  return (
    <p role="alert" class="fault">
      <strong>{message}</strong>
      {hint && ` – ${hint}`}
    </p>
  );
}

/** Nothing is wrong, but there is nothing to show. */
export function Empty({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

export function NothingYet({ fault }: { readonly fault: ServerFault | null }) {
  return fault ? (
    <Fault message={fault.message} hint={`${fault.hint}; trying again …`} />
  ) : (
    <p class="empty quiet">Reading the runs …</p>
  );
}

export function NoRuns({ folder }: { readonly folder: string }) {
  return (
    <Empty title="No runs yet">
      {`There is no run in ${folder}. One that is begun with amlc train appears here by itself.`}
    </Empty>
  );
}
