/** What of a key that is pressed is looked at; a browser's KeyboardEvent. */
export interface PressedKey {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  preventDefault(): void;
}

/** Whether a key is the browser's or the system's: Ctrl and `-` make a page smaller, Alt and ← lead back. */
export const isShortcut = ({ ctrlKey, metaKey, altKey }: PressedKey): boolean => ctrlKey || metaKey || altKey;
