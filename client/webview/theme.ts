import { signal } from "@preact/signals";
import type { Theme } from "@fusionmeet/bridge";

/** Light or dark: what the computer says, unless the user chose. The program keeps the choice from window to window. */
export class ThemeChoice {
  readonly theme = signal<Theme>("system");
  readonly #root: { dataset: DOMStringMap };
  readonly #tell: (theme: Theme) => void;

  constructor(root: { dataset: DOMStringMap }, tell: (theme: Theme) => void) {
    this.#root = root;
    this.#tell = tell;
  }

  /** The user's choice. */
  choose(theme: Theme): void {
    this.show(theme);
    this.#tell(theme);
  }

  /** What was chosen before. */
  show(theme: Theme): void {
    this.theme.value = theme;
    if (theme === "system") delete this.#root.dataset.theme;
    else this.#root.dataset.theme = theme;
  }
}
