const FOCUSABLE = "button, a[href], input, textarea, summary";

/**
 * Keeps the focus of whoever uses the keyboard near where it was when what had it goes: to another button of the same row,
 * else to the title of the panel, else to that of the page. @returns ends that.
 */
export function keepFocus(page: Document = document): () => void {
  /** What had the focus last, and what is around it, from the inside out. */
  let path: readonly Element[] = [];
  const remember = ({ target }: FocusEvent) => path = around(target as Element);
  const observer = new MutationObserver(() => {
    const [last] = path;
    if (last === undefined || last.isConnected) return;
    const left = path.filter((each) => each.isConnected);
    path = [];
    if (page.activeElement !== page.body) return;
    placeNear(left, page)?.focus({ preventScroll: true });
  });
  page.addEventListener("focusin", remember);
  observer.observe(page.body, { childList: true, subtree: true });
  return () => {
    page.removeEventListener("focusin", remember);
    observer.disconnect();
  };
}

function around(element: Element): Element[] {
  const path: Element[] = [];
  for (let each: Element | null = element; each !== null; each = each.parentElement) {
    path.push(each);
  }
  return path;
}

/** @param left what is left of it, from the inside out. */
function placeNear(left: readonly Element[], page: Document): HTMLElement | null {
  const row = left.find((each) => each.matches("li"));
  const panel = left.find((each) => each.matches("aside, main"));
  return row?.querySelector<HTMLElement>(FOCUSABLE) ??
    panel?.querySelector<HTMLElement>("h1, h2") ?? page.querySelector<HTMLElement>("main h1");
}
