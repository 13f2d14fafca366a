import { useApp } from "../app.ts";
import { IconButton } from "./button.tsx";
import { Appearance } from "./appearance.tsx";
import { Settings2 } from "./icons.ts";
import { Popover } from "./popover.tsx";

/** The mark of the product, and the page's own settings; outside meetings. */
export function PageHeader() {
  const { strings } = useApp();
  return (
    <header class="page-header">
      <span class="brand">
        <Logo />
        {strings.product}
      </span>
      <Popover
        label={strings.meeting.settings}
        side="below"
        button={({ isOpen, toggle }) => (
          <IconButton label={strings.meeting.settings} isOpen={isOpen} onClick={toggle}>
            <Settings2 size={20} aria-hidden="true" />
          </IconButton>
        )}
      >
        {() => <Appearance />}
      </Popover>
    </header>
  );
}

/** Two circles that meet. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="9" class="logo-back" />
      <circle cx="12.5" cy="16" r="6.5" class="logo-left" />
      <circle cx="19.5" cy="16" r="6.5" class="logo-right" />
      <path d="M16 10.52a6.5 6.5 0 0 1 0 10.96a6.5 6.5 0 0 1 0-10.96z" class="logo-middle" />
    </svg>
  );
}
