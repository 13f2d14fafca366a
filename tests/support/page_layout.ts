import type { Page } from "playwright-core";

/**
 * What is wrong with where things are on a page, in words: a control that is not seen or not reached, two that lie over each
 * other, words that leave their control or are cut off without an ellipsis. What scrolls into view is there.
 */
export async function layoutFaults(page: Page): Promise<string[]> {
  return await page.evaluate(findFaults);
}

/** Runs in the page. */
function findFaults(): string[] {
  // deno-lint-ignore no-explicit-any
  const { document, innerWidth, innerHeight, getComputedStyle } = globalThis as any;
  type Box = { left: number; top: number; right: number; bottom: number };
  // deno-lint-ignore no-explicit-any
  type Element = any;
  const CONTROLS = "button, a[href], input, textarea, summary, [role=option]";
  /** What opens above the rest and may lie over it. */
  const OVERLAYS = "dialog, .popover, .menu, .choices, .toasts, .drop-zone, .lost-strip, .alone";
  /** Between pixels. */
  const SLACK = 1;
  const faults: string[] = [];

  const intersection = (a: Box, b: Box): Box => ({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const isWithin = (inner: Box, outer: Box) =>
    inner.left >= outer.left - SLACK && inner.right <= outer.right + SLACK &&
    inner.top >= outer.top - SLACK && inner.bottom <= outer.bottom + SLACK;
  const isEmpty = (box: Box) => box.right - box.left <= SLACK || box.bottom - box.top <= SLACK;
  const whole = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const nameOf = (element: Element): string => {
    const words = element.getAttribute("aria-label") ?? element.textContent ?? "";
    return `${element.tagName.toLowerCase()} "${words.trim().slice(0, 40)}"`;
  };
  const inWords = ({ left, top, right, bottom }: Box) =>
    [left, top, right, bottom].map(Math.round).join(" ");
  const scrolls = (value: string) => value === "auto" || value === "scroll";

  /** What of a control is seen where it stands; undefined where scrolling brings it into view. */
  const seen = (element: Element, box: Box): Box | undefined => {
    let part = box;
    for (let parent = element.parentElement; parent; parent = parent.parentElement) {
      const style = getComputedStyle(parent);
      const frame = parent.getBoundingClientRect();
      const isBeyond = !isWithin(part, frame);
      if (
        isBeyond && scrolls(style.overflowY) && part.left >= frame.left - SLACK &&
        part.right <= frame.right + SLACK
      ) return undefined;
      if (style.overflowX !== "visible" || style.overflowY !== "visible") {
        part = intersection(part, frame);
      }
      if (style.position === "fixed" || parent.matches("dialog, [popover]")) break;
    }
    return intersection(part, whole);
  };
  const layerOf = (element: Element) => element.closest(OVERLAYS) ?? document.body;

  const modal = document.querySelector("dialog[open]");
  const controls = [...(modal ?? document).querySelectorAll(CONTROLS)].filter((element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest(".sr-only")
  );
  const placed: { element: Element; box: Box }[] = [];
  for (const element of controls) {
    const box = element.getBoundingClientRect();
    const part = seen(element, box);
    if (part === undefined) continue;
    if (isEmpty(box) || !isWithin(box, part)) {
      faults.push(`${nameOf(element)} is cut off: ${inWords(box)} of ${inWords(part)}`);
      continue;
    }
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const over = document.elementFromPoint(x, y);
    const isReached = over === null || element.contains(over) || over.contains(element) ||
      element.closest("label")?.contains(over);
    const isUnderOverlay = over?.closest(OVERLAYS) && layerOf(over) !== layerOf(element);
    const isUnderPanel = over?.closest(".panel") && element.closest(".stage, .present");
    if (!isReached && !isUnderOverlay && !isUnderPanel) {
      faults.push(`${nameOf(element)} is covered by ${over.tagName} .${over.className}`);
    }
    for (const other of placed) {
      const both = intersection(box, other.box);
      const isNested = other.element.contains(element) || element.contains(other.element);
      const isOnStage = element.closest(".panel") !== other.element.closest(".panel");
      if (isNested || isOnStage || layerOf(other.element) !== layerOf(element)) continue;
      if (!isEmpty(both)) faults.push(`${nameOf(element)} lies over ${nameOf(other.element)}`);
    }
    placed.push({ element, box });
  }

  // Words.
  const walker = document.createTreeWalker(modal ?? document.body, 4);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    const parent = node.parentElement;
    if (node.textContent.trim() === "" || !parent.checkVisibility({ visibilityProperty: true })) {
      continue;
    }
    if (parent.closest(".sr-only, textarea, svg")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const words = range.getBoundingClientRect();
    if (isEmpty(words)) continue;
    const control = parent.closest("button, summary, .name-pill, .badge, .role-mark, .button, kbd");
    for (
      let frame = parent;
      frame && frame !== document.documentElement;
      frame = frame.parentElement
    ) {
      const style = getComputedStyle(frame);
      if (style.textOverflow === "ellipsis") break;
      if (scrolls(style.overflowY) || scrolls(style.overflowX)) {
        const box = frame.getBoundingClientRect();
        if (!scrolls(style.overflowX) || frame.scrollWidth > frame.clientWidth + SLACK) {
          if (words.right > box.right + SLACK || words.left < box.left - SLACK) {
            faults.push(`"${node.textContent.slice(0, 40)}" goes beyond .${frame.className}`);
          }
        }
        break;
      }
      if (frame === control || style.overflowX === "hidden" || frame === document.body) {
        const box = frame === document.body ? whole : frame.getBoundingClientRect();
        if (!isWithin(words, box)) {
          faults.push(
            `"${node.textContent.slice(0, 40)}" goes beyond .${frame.className || "page"}: ${
              inWords(words)
            } of ${inWords(box)}`,
          );
          break;
        }
      }
    }
  }
  // Sideways nothing scrolls but the share and code.
  for (const element of document.querySelectorAll("*")) {
    if (element.closest(".share-pane, textarea, input, code, svg")) continue;
    const style = getComputedStyle(element);
    if (scrolls(style.overflowX) && element.scrollWidth > element.clientWidth + SLACK) {
      faults.push(
        `.${element.className} scrolls sideways: ${element.scrollWidth} in ${element.clientWidth}`,
      );
    }
  }
  return faults;
}
