import { useState } from "preact/hooks";
import { useMedia } from "./use-media.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "amlc-theme";

/** What the reader wants, whether that is dark now, and how to want something else. */
export function useTheme(): { theme: Theme; isDark: boolean; setTheme: (theme: Theme) => void } {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((one) => one === localStorage.getItem(KEY)) ?? "system");
  const isSystemDark = useMedia("(prefers-color-scheme: dark)");
  document.documentElement.dataset.theme = theme;
  return {
    theme,
    isDark: theme === "system" ? isSystemDark : theme === "dark",
    setTheme(next) {
      localStorage.setItem(KEY, next);
      setTheme(next);
    },
  };
}
