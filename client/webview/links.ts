/** A piece of a text: plain where there is no `href`. */
export interface TextPiece {
  readonly text: string;
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…'"*_~]+$/u;

/** `text` in pieces: its http and https addresses as links, everything else as it is. Joined they are `text` again. */
export function splitLinks(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimEnd(found);
    const href = safeHref(address);
    if (href === undefined) continue;
    if (index > at) pieces.push({ text: text.slice(at, index) });
    pieces.push({ text: address, href });
    at = index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

/** Without the punctuation of the sentence, and without a bracket that was opened before the address. */
function trimEnd(address: string): string {
  const bare = address.replace(TRAILING, "");
  for (const [open, close] of ["()", "[]", "{}"]) {
    const isOpen = bare.split(open).length >= bare.split(close).length;
    if (bare.endsWith(close) && !isOpen) return trimEnd(bare.slice(0, -1));
  }
  return bare;
}

function safeHref(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, href, hostname } = new URL(address);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && hostname !== "" ? href : undefined;
}
