/** Why a name cannot be used. */
export type NameFault = "empty" | "too-long" | "bad-characters";

/** Ask for an emoji's coloured or plain form: invisible, but part of how emoji are typed. */
const EMOJI_FORMS = /[\ufe0e\ufe0f]/g;
/**
 * Control, bidi, zero-width and private characters, half surrogate pairs, line separators, and the blank braille cell; and
 * whatever else cannot be seen, but for emoji forms.
 */
const FORBIDDEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2800]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const SPACES = /\p{Zs}+/gu;
/** Stands where something cannot be seen. */
const MARK = "\ufffd";

/**
 * A name as people may call a participant or a room: NFC, trimmed, inner spaces folded to one, nothing invisible in it.
 *
 * @param lengthMax In UTF-16 code units of the result.
 */
export function cleanName(typed: string, lengthMax: number): { name: string } | NameFault {
  const name = typed.trim().normalize("NFC").replace(SPACES, " ");
  if (name === "") return "empty";
  if (name.length > lengthMax) return "too-long";
  return shownName(name) === name ? { name } : "bad-characters";
}

/**
 * A name as somebody else says it, for people: with a mark in place of whatever `cleanName` forbids, and never empty. A
 * clean name is as it was.
 */
export function shownName(said: string): string {
  const name = said.trim().normalize("NFC").replace(SPACES, " ").replace(FORBIDDEN, MARK);
  return VISIBLE.test(name) ? name : MARK;
}

/**
 * What makes two clean names the same: compatibility forms (full width, ligatures) and case folded, emoji forms dropped.
 *
 * Source: Unicode Standard section 3.13, D146 (compatibility caseless match), with full upper- then lower-casing as folding.
 */
export function nameKey(name: string): string {
  const bare = name.replace(EMOJI_FORMS, "").normalize("NFKD");
  return bare.toUpperCase().toLowerCase().normalize("NFKC").replace(SPACES, " ").trim();
}

/** Names that Windows keeps for devices, with or without an extension. */
const DEVICE_NAME = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** What no file system of ours takes in a name, and what hides how a name ends: control, bidi and other invisible characters. */
const NOT_IN_FILE_NAMES = /[<>:"/\\|?*]|[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Extensions are kept whole up to so many UTF-8 bytes. */
const EXTENSION_BYTES_MAX = 32;
/** A file name on the disk of the server or of whoever gets it, in UTF-8 bytes: place is left for "(2)" and ".part". */
export const FILE_NAME_BYTES_MAX = 200;

/**
 * A file name that Linux, Windows and macOS take, as like the given one as can be: no path in it, nothing invisible, no
 * name of a device, no leading dot, no trailing dot or space, at most `FILE_NAME_BYTES_MAX`; never empty.
 */
export function safeFileName(name: string): string {
  const plain = name.normalize("NFC").replace(NOT_IN_FILE_NAMES, "_").replace(SPACES, " ")
    .replace(/^[. ]+/, "_").replace(/[. ]+$/, "_");
  const named = plain === "" ? "_" : plain;
  return shortened(DEVICE_NAME.test(named) ? `_${named}` : named, "");
}

/** The name of a file for people: without the path it came with, with a mark in place of what cannot be seen. */
export function shownFileName(name: string): string {
  const last = name.normalize("NFC").split(/[/\\]/).at(-1)!;
  return last.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, MARK).trim();
}

/** `name` as its `count`th variant: "report (2).pdf"; the first is itself. @param name from `safeFileName`. */
export function numberedFileName(name: string, count: number): string {
  return count === 1 ? name : shortened(name, ` (${count})`);
}

/** With `tail` before the extension, and short enough. */
function shortened(name: string, tail: string): string {
  const { stem, extension } = splitFileName(name);
  const bytesMax = FILE_NAME_BYTES_MAX - byteLength(extension) - byteLength(tail);
  const kept = cutToBytes(stem, bytesMax);
  // What was cut may end in a space or dot, or not at all.
  const end = kept === stem ? kept : kept.replace(/[. ]+$/, "") || "_";
  return `${end}${tail}${extension}`;
}

function splitFileName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot) : "";
  return byteLength(extension) <= EXTENSION_BYTES_MAX && extension.length > 1
    ? { stem: name.slice(0, dot), extension }
    : { stem: name, extension: "" };
}

function cutToBytes(text: string, bytesMax: number): string {
  let [bytes, kept] = [0, ""];
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * A folder name for a room, safe on Linux, Windows and macOS: letters, digits, `-`, `_`, `.`; everything else is `_`.
 * Different rooms may get the same one; the store adds a number to the later one.
 */
export function roomSlug(room: string): string {
  const safe = room.replace(/[^\p{L}\p{M}\p{N}\-_.]/gu, "_").replace(/^\.+|\.+$/g, "_");
  return DEVICE_NAME.test(safe) ? `_${safe}` : safe;
}
