import type { Signal } from "@preact/signals";
import { useApp } from "../app.ts";
import { MonitorUp } from "./icons.ts";
import { Switch } from "./switch.tsx";

export interface OwnShareProps {
  /** One sees one's own share. */
  readonly isSeen: Signal<boolean>;
}

/** While one presents: whether one sees it, too. Not unasked: a window in its own picture has no end. */
export function OwnShare({ isSeen }: OwnShareProps) {
  const { strings } = useApp();
  return (
    <div class="own-share">
      <Switch
        label={strings.share.showOwn}
        detail={strings.share.showOwnHint}
        icon={<MonitorUp size={18} />}
        isOn={isSeen.value}
        exists
        onChange={(on) => isSeen.value = on}
      />
    </div>
  );
}
