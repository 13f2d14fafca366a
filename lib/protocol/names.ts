/** Why a name cannot be used. */
export type NameFault = "empty" | "too-long" | "bad-characters";

/** Control, format (bidi, zero-width), private, surrogate, line-separating and otherwise invisible characters. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u2800]/u;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Ask for an emoji's coloured or plain form; invisible themselves, but part of how emoji are typed. */
const EMOJI_FORMS = /[\ufe0e\ufe0f]/g;
const SPACES = /\p{Zs}+/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * A name as people may call a participant or a room: NFC, trimmed, inner spaces folded to one, nothing invisible in it.
 *
 * @param lengthMax In UTF-16 code units of the result.
 */
export function cleanName(
  typed: string,
  lengthMax: number,
): { name: string; fault?: undefined } | { name?: undefined; fault: NameFault } {
  const trimmed = typed.trim();
  if (FORBIDDEN.test(trimmed)) return { fault: "bad-characters" };
  if (
    INVISIBLE[Symbol.replace](trimmed.replace(EMOJI_FORMS, ""), "") !==
      trimmed.replace(EMOJI_FORMS, "")
  ) {
    return { fault: "bad-characters" };
  }
  const name = trimmed.normalize("NFC").replace(SPACES, " ");
  if (name === "") return { fault: "empty" };
  if (!VISIBLE.test(name)) return { fault: "bad-characters" };
  if (name.length > lengthMax) return { fault: "too-long" };
  return { name };
}

/**
 * What makes two clean names the same: compatibility forms (full width, ligatures) and case folded, emoji forms dropped.
 *
 * Source: Unicode Standard section 3.13, D146 (compatibility caseless match), by full upper- then lower-casing.
 */
export function nameKey(name: string): string {
  return name.normalize("NFKD").replace(EMOJI_FORMS, "").toUpperCase().toLowerCase()
    .normalize("NFKC");
}

/** Names that Windows keeps for devices, with or without an extension. */
const DEVICE_NAME = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/**
 * A folder name for a room, safe on Linux, Windows and macOS: letters, digits, `-`, `_`, `.`; everything else is `_`.
 * Different rooms may get the same one; the store adds a number to the second.
 */
export function roomSlug(room: string): string {
  const safe = room.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}\-_.]/gu, "_")
    .replace(/^\.+/, "_").replace(/\.+$/, "_");
  return DEVICE_NAME.test(safe) || safe === "" ? `_${safe}` : safe;
}
