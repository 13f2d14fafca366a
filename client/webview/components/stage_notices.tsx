import { useEffect, useRef, useState } from "preact/hooks";
import type { ComingBack, MeetingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { secondsUntil } from "../times.ts";
import { Button } from "./button.tsx";
import { asSentence } from "./field.tsx";
import { LoaderCircle, TriangleAlert, Volume2 } from "./icons.ts";
import { Notice } from "./notice.tsx";

/** What is the matter right now, above the pictures. */
export function StageNotices({ meeting }: { meeting: MeetingState }) {
  const { strings, voice, media, announcer } = useApp();
  const text = strings.meeting;
  const isAway = meeting.comingBack !== null;
  const wasAway = useRef(false);
  useEffect(() => {
    if (isAway !== wasAway.current) announcer.say(isAway ? text.comingBackSoon : text.cameBack);
    wasAway.current = isAway;
  }, [isAway]);
  return (
    <div class="notices">
      {meeting.comingBack && <ComingBackNotice comingBack={meeting.comingBack} />}
      {voice.value === "needs-click" && (
        <Notice
          kind="accent"
          icon={<Volume2 size={20} />}
          title={text.hearTitle}
          action={
            <Button kind="primary" onClick={() => void media.value?.startVoice()}>
              {text.hear}
            </Button>
          }
        />
      )}
      {voice.value === "failed" && <Problem title={text.sound} message={text.voiceFailed} />}
      {meeting.microphone.on && meeting.microphone.problem && (
        <Problem title={strings.join.microphone} message={meeting.microphone.problem} />
      )}
      {meeting.camera.on && meeting.camera.problem && (
        <Problem title={strings.join.camera} message={meeting.camera.problem} />
      )}
    </div>
  );
}

function Problem({ title, message }: { title: string; message: string }) {
  const { announcer } = useApp();
  useEffect(() => announcer.say(`${title}: ${message}`), [message]);
  return (
    <Notice kind="problem" icon={<TriangleAlert size={20} />} title={`${title}:`}>
      <span dir="auto">{asSentence(message)}</span>
    </Notice>
  );
}

function ComingBackNotice({ comingBack }: { comingBack: ComingBack }) {
  const { strings, send } = useApp();
  const text = strings.meeting;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return (
    <Notice
      kind="warning"
      icon={<LoaderCircle class="spin" size={20} />}
      title={`${text.comingBackTitle}:`}
      action={<Button onClick={() => send({ do: "leave", sure: true })}>{text.stopTrying}</Button>}
    >
      {asSentence(comingBack.reason)}{" "}
      <span class="countdown">
        {asSentence(text.comingBack(secondsUntil(comingBack.givesUpAt, now)))}
      </span>
    </Notice>
  );
}
