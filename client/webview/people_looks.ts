/** The first letters of the first and the last word of a name, at most two; whole characters, also of emoji. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => word !== "");
  const letters = words.map((word) =>
    firstCharacter(word.replace(/^[\p{P}\p{Sm}\p{Sc}]+(?=.)/u, ""))
  );
  const [first = "?"] = letters;
  const chosen = letters.length > 1 ? first + letters[letters.length - 1] : first;
  return /\p{Extended_Pictographic}/u.test(chosen) ? first : chosen.toLocaleUpperCase();
}

function firstCharacter(word: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
  return first?.segment ?? "?";
}

/** The hue of a name's colour, 0..359: the same everywhere for the same name. FNV-1a over its code units. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % 360;
}
