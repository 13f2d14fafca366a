import type { MeetingState, PictureQuality } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { Appearance, RadioGroup } from "./appearance.tsx";
import { Keyboard } from "./icons.ts";

export interface SettingsPanelProps {
  readonly meeting: MeetingState;
  readonly onShortcuts: () => void;
}

/** What one sets during a meeting. */
export function SettingsPanel({ meeting, onShortcuts }: SettingsPanelProps) {
  const { strings, send } = useApp();
  const text = strings.meeting;
  return (
    <>
      {meeting.camera.exists && meeting.qualities.length > 0 && (
        <RadioGroup
          legend={text.quality}
          choices={meeting.qualities.map((quality) => ({
            value: keyOf(quality),
            text: text.qualityText(quality),
          }))}
          chosen={keyOf(meeting.quality)}
          onChoose={(key) => {
            const quality = meeting.qualities.find((each) => keyOf(each) === key);
            if (quality) send({ do: "quality", quality });
          }}
        />
      )}
      <Appearance />
      <button type="button" class="popover-item" onClick={onShortcuts}>
        <Keyboard size={18} aria-hidden="true" />
        {strings.shortcuts.open}
      </button>
    </>
  );
}

function keyOf({ width, height, framesPerSecond }: PictureQuality): string {
  return `${width}x${height}@${framesPerSecond}`;
}
