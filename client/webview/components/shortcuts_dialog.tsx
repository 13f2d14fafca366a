import { useApp } from "../app.ts";
import { keyNames, SHORTCUTS } from "../shortcuts.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

/** The list of keys. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { strings, isMac } = useApp();
  return (
    <Dialog
      title={strings.shortcuts.title}
      onCancel={onClose}
      actions={<Button onClick={onClose}>{strings.meeting.close}</Button>}
    >
      <dl class="shortcuts">
        {SHORTCUTS.map((shortcut) => (
          <div key={shortcut.action}>
            <dt>{strings.shortcuts.actions[shortcut.action]}</dt>
            <dd>
              {keyNames(shortcut, { isMac }).map((name) => <kbd key={name}>{name}</kbd>)}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
