/** What keys do in a meeting. */
export type ShortcutAction =
  | "microphone"
  | "camera"
  | "chat"
  | "people"
  | "present"
  | "files"
  | "fullScreen"
  | "zoomIn"
  | "zoomOut"
  | "fit"
  | "actualSize"
  | "previousPage"
  | "nextPage"
  | "shortcuts";

export interface Shortcut {
  readonly action: ShortcutAction;
  /** As `KeyboardEvent.key`, lower case. */
  readonly key: string;
  /** Control, on a Mac Command. */
  readonly control: boolean;
  readonly alt: boolean;
  /** Only while a screen is shared, and the focus is there or nowhere: a key alone must do nothing elsewhere (WCAG 2.1.4). */
  readonly onShare?: true;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { action: "microphone", key: "d", control: true, alt: false },
  { action: "camera", key: "e", control: true, alt: false },
  { action: "chat", key: "c", control: true, alt: true },
  { action: "people", key: "p", control: true, alt: true },
  { action: "present", key: "s", control: true, alt: true },
  { action: "files", key: "f", control: true, alt: true },
  { action: "previousPage", key: "pageup", control: false, alt: false },
  { action: "nextPage", key: "pagedown", control: false, alt: false },
  { action: "fullScreen", key: "f", control: false, alt: false, onShare: true },
  { action: "zoomIn", key: "+", control: false, alt: false, onShare: true },
  { action: "zoomOut", key: "-", control: false, alt: false, onShare: true },
  { action: "fit", key: "0", control: false, alt: false, onShare: true },
  { action: "actualSize", key: "1", control: false, alt: false, onShare: true },
  { action: "shortcuts", key: "/", control: true, alt: false },
];

/** As much of a KeyboardEvent as is used. */
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  getModifierState(key: string): boolean;
}

/**
 * What `press` does; `undefined` for a key that is none of ours. AltGr writes characters and is never one.
 *
 * @param options.isTyping the focus is in a text, where the keys without Control belong to the text.
 * @param options.isOnShare a screen is shared, and the focus is there or nowhere.
 */
export function shortcutOf(
  press: KeyPress,
  options: { isTyping: boolean; isOnShare: boolean },
): ShortcutAction | undefined {
  if (press.repeat || press.getModifierState("AltGraph")) return undefined;
  const control = press.ctrlKey || press.metaKey;
  if (options.isTyping && !control) return undefined;
  // Plus without Shift, on many keyboards.
  const typed = press.key === "=" ? "+" : press.key.toLowerCase();
  // Option changes what a Mac's keys write.
  const keys = [typed, press.code.replace(/^Key/, "").toLowerCase()];
  return SHORTCUTS.find((shortcut) =>
    (options.isOnShare || !shortcut.onShare) &&
    keys.includes(shortcut.key) && shortcut.control === control && shortcut.alt === press.altKey
  )?.action;
}

/** The keys of a shortcut as they are printed on them. */
export function keyNames(shortcut: Shortcut, options: { isMac: boolean }): string[] {
  const names = { pageup: "Page Up", pagedown: "Page Down" } as Record<string, string>;
  return [
    ...(shortcut.control ? [options.isMac ? "⌘" : "Ctrl"] : []),
    ...(shortcut.alt ? [options.isMac ? "⌥" : "Alt"] : []),
    names[shortcut.key] ?? shortcut.key.toUpperCase(),
  ];
}
