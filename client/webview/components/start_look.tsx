import type { JoinState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import type { JoinForm } from "../join_form.ts";
import { Avatar, hueStyle } from "./avatar.tsx";
import { Mic, MicOff, Video, VideoOff } from "./icons.ts";
import { Switch } from "./switch.tsx";

export interface StartLookProps {
  readonly form: JoinForm;
  readonly join: JoinState;
  readonly onChange: (changed: Partial<JoinForm>) => void;
}

/** How one will start: one's tile as others will see it, and what is on. */
export function StartLook({ form, join, onChange }: StartLookProps) {
  const { strings } = useApp();
  const text = strings.join;
  const name = form.name.trim() || text.you;
  const hasMicrophone = join.microphoneSource !== null;
  const hasCamera = join.cameraSource !== null;
  const [isHeard, isSeen] = [form.microphone && hasMicrophone, form.camera && hasCamera];
  return (
    <section class="start-look" aria-label={text.look}>
      <div class="start-tile hued" style={hueStyle(name)} aria-hidden="true">
        <Avatar name={name} size="l" />
        <span class="name-pill">
          {isHeard ? <Mic size={14} /> : <MicOff size={14} class="off-icon" />}
          <bdi class="ellipsis">{name}</bdi>
        </span>
      </div>
      <div class="switches">
        <Switch
          label={text.microphone}
          detail={join.microphoneSource ?? text.noMicrophone}
          icon={isHeard ? <Mic size={20} /> : <MicOff size={20} />}
          isOn={isHeard}
          exists={hasMicrophone}
          onChange={(microphone) => onChange({ microphone })}
        />
        <Switch
          label={text.camera}
          detail={join.cameraSource ?? text.noCamera}
          icon={isSeen ? <Video size={20} /> : <VideoOff size={20} />}
          isOn={isSeen}
          exists={hasCamera}
          onChange={(camera) => onChange({ camera })}
        />
      </div>
    </section>
  );
}
