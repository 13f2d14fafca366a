/** Why a name cannot be used. */
export type NameFault = "empty" | "too-long" | "bad-characters";

/** Control, bidi, zero-width and private characters, half surrogate pairs, line separators, and the blank braille cell. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2800]/u;
/** Ask for an emoji's coloured or plain form: invisible, but part of how emoji are typed. */
const EMOJI_FORMS = /[\ufe0e\ufe0f]/g;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const SPACES = /\p{Zs}+/gu;

/**
 * A name as people may call a participant or a room: NFC, trimmed, inner spaces folded to one, nothing invisible in it.
 *
 * @param lengthMax In UTF-16 code units of the result.
 */
export function cleanName(typed: string, lengthMax: number): { name: string } | NameFault {
  const name = typed.trim().normalize("NFC").replace(SPACES, " ");
  if (name === "") return "empty";
  if (name.length > lengthMax) return "too-long";
  const isPlain = VISIBLE.test(name) && !FORBIDDEN.test(name) &&
    !INVISIBLE.test(name.replace(EMOJI_FORMS, ""));
  return isPlain ? { name } : "bad-characters";
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

/**
 * A folder name for a room, safe on Linux, Windows and macOS: letters, digits, `-`, `_`, `.`; everything else is `_`.
 * Different rooms may get the same one; the store adds a number to the later one.
 */
export function roomSlug(room: string): string {
  const safe = room.replace(/[^\p{L}\p{M}\p{N}\-_.]/gu, "_").replace(/^\.+|\.+$/g, "_");
  return DEVICE_NAME.test(safe) ? `_${safe}` : safe;
}
