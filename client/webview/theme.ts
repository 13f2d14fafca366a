import { signal } from "@preact/signals";

/** `system` follows the computer. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = typeof THEMES[number];

const THEME_ITEM = "fusionmeet.theme";

/** Light or dark: what the computer says, unless the user chose; the choice is kept in this page's storage. */
export class ThemeChoice {
  readonly theme = signal<Theme>("system");
  readonly #root: { dataset: DOMStringMap };
  readonly #storage: Pick<Storage, "getItem" | "setItem">;

  constructor(root: { dataset: DOMStringMap }, storage: Pick<Storage, "getItem" | "setItem">) {
    this.#root = root;
    this.#storage = storage;
    const kept = storage.getItem(THEME_ITEM);
    this.#show(THEMES.find((theme) => theme === kept) ?? "system");
  }

  choose(theme: Theme): void {
    this.#storage.setItem(THEME_ITEM, theme);
    this.#show(theme);
  }

  #show(theme: Theme): void {
    this.theme.value = theme;
    if (theme === "system") delete this.#root.dataset.theme;
    else this.#root.dataset.theme = theme;
  }
}
