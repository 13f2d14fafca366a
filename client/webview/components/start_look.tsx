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
  return (
    <section class="start-look" aria-label={text.look}>
      <div class="start-tile hued" style={hueStyle(form.name.trim())} aria-hidden="true">
        <Avatar name={form.name.trim() || text.you} size="l" />
        <span class="name-pill">
          {form.microphone ? <Mic size={14} /> : <MicOff size={14} class="off-icon" />}
          <bdi class="ellipsis">{form.name.trim() || text.you}</bdi>
        </span>
      </div>
      <div class="switches">
        <Switch
          label={text.microphone}
          detail={join.microphoneSource ?? text.noMicrophone}
          icon={form.microphone ? <Mic size={20} /> : <MicOff size={20} />}
          isOn={form.microphone && join.microphoneSource !== null}
          exists={join.microphoneSource !== null}
          onChange={(microphone) => onChange({ microphone })}
        />
        <Switch
          label={text.camera}
          detail={join.cameraSource ?? text.noCamera}
          icon={form.camera ? <Video size={20} /> : <VideoOff size={20} />}
          isOn={form.camera && join.cameraSource !== null}
          exists={join.cameraSource !== null}
          onChange={(camera) => onChange({ camera })}
        />
      </div>
    </section>
  );
}
