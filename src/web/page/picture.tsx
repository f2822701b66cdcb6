import { useState } from "preact/hooks";
import type { PredictionRow } from "../api.ts";
import { addressOf } from "./client.ts";

interface Props {
  readonly row: PredictionRow;
  readonly run: string;
  readonly split: string;
  /** Pixels of the longer side. */
  readonly side: number;
  readonly onClick?: () => void;
}

/** The photograph of a question, or that there is none. */
export function Picture({ row, run, split, side, onClick }: Props) {
  const [broken, setBroken] = useState<string | null>(null);
  const address = addressOf("image", { run, split, index: row.index, side });
  if (!row.hasImage || broken === address) return <span class="no-picture quiet">no picture</span>;
  return (
    <img
      key={address}
      src={address}
      alt={`Photograph of row ${row.index}`}
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => setBroken(address)}
      {...(onClick && { onClick })}
    />
  );
}
