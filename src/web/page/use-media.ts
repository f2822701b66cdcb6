import { useEffect, useState } from "preact/hooks";

/** Whether a media query holds, as it is now. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const see = () => setHolds(media.matches);
    media.addEventListener("change", see);
    see();
    return () => media.removeEventListener("change", see);
  }, [query]);
  return holds;
}
