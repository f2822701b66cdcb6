import type { ComponentChildren } from "preact";

interface Props {
  readonly label: string;
  readonly children: ComponentChildren;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** What is wider or longer than its place: it scrolls by itself, by keys too. */
export function ScrollRegion({ label, children, onKeyDown }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it no key could scroll it
    <section class="scroll table-box" tabIndex={0} aria-label={label} {...(onKeyDown && { onKeyDown })}>
      {children}
    </section>
  );
}
