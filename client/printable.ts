/** What others wrote must not steer the terminal: control and text direction characters become visible. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, "\ufffd");
}

/** A sentence of a server is cut here, in UTF-16 code units: those of an honest one have about 130. */
export const SENTENCE_LENGTH_MAX = 400;

/** What a server says to people, as it may come to a terminal or into a window: one line that steers nothing, of bounded length. */
export function serverSentence(text: string): string {
  const line = printable(text.replace(/[ \t\r\n]+/g, " ").trim().replace(/ ?\.$/, ""));
  if (line === "") return "The server gave no reason";
  if (line.length <= SENTENCE_LENGTH_MAX) return line;
  return `${line.slice(0, SENTENCE_LENGTH_MAX - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** What a server calls something among programs; `refused` where that is no such word. */
export function serverCode(code: string): string {
  return /^[!-~]+$/.test(code) ? code : "refused";
}
