/** What would break a line of a table, steer a terminal or turn the order of the letters around it. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others for a terminal: a mark for each character that is none to read, line breaks apart. */
export function harmless(text: string): string {
  return text.replaceAll(UNSEEN, (character) => (character === "\n" ? character : "\ufffd"));
}

/**
 * Text of others for a place with little room: at most `limit` characters, with an ellipsis for the rest; a mark for each
 * character that is none to read, and a word for a text with nothing in it.
 */
export function cut(text: string, limit: number): string {
  if (text.trim() === "") return "(empty)";
  const characters = [...text.slice(0, 2 * limit + 2)]; // a character has one or two units
  const short = characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : text;
  return short.replaceAll(UNSEEN, "\ufffd");
}
