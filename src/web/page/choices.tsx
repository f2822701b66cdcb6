import { useState } from "preact/hooks";

export interface Choice {
  readonly id: string;
  readonly group: string;
}

interface Props {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
}

/** Many things to tick, in groups, and a text to find one by. */
export function Choices({ label, choices, chosen, toggle }: Props) {
  const [text, setText] = useState("");
  const found = choices.filter(({ id }) => id.toLowerCase().includes(text.trim().toLowerCase()));
  const groups = Map.groupBy(found, ({ group }) => group);
  return (
    <div class="choices">
      <input
        type="search"
        aria-label={`Find: ${label}`}
        placeholder="Find …"
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
      />
      <div class="scroll">
        {[...groups].map(([group, members]) => (
          <fieldset key={group}>
            <legend>{group}</legend>
            {members.map(({ id }) => (
              <label key={id}>
                <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} />
                <span>{id}</span>
              </label>
            ))}
          </fieldset>
        ))}
        {found.length === 0 && <p class="quiet">Nothing has this name.</p>}
      </div>
    </div>
  );
}
