import { useEffect, useRef } from "preact/hooks";
import type { MeetingState, PresentingState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { leads } from "../person_actions.ts";
import { BarButton } from "./bar_button.tsx";
import { Button } from "./button.tsx";
import { Hand, MonitorUp, MonitorX, ScreenShareOff } from "./icons.ts";
import { Popover } from "./popover.tsx";

export interface PresentButtonProps {
  readonly meeting: MeetingState;
  /** Opens the list to pick from. */
  readonly onPick: () => void;
}

/** Shows a screen or stops that; while somebody else does, the ways to get at it. */
export function PresentButton({ meeting, onPick }: PresentButtonProps) {
  const { strings, send } = useApp();
  const text = strings.present;
  const { presenting, ownShare, self } = meeting;
  if (presenting !== null && presenting.participant !== self) {
    return <TakenButton meeting={meeting} presenting={presenting} />;
  }
  const shows = ownShare !== null && ownShare.state !== "turn";
  return (
    <BarButton
      action="present"
      label={shows ? text.stop : text.present}
      name={shows ? text.stopName : text.open}
      state={shows ? "live" : undefined}
      onClick={() => shows ? send({ do: "present.stop" }) : onPick()}
    >
      {shows ? <MonitorX size={20} /> : <MonitorUp size={20} />}
    </BarButton>
  );
}

interface TakenButtonProps {
  readonly meeting: MeetingState;
  readonly presenting: PresentingState;
}

function TakenButton({ meeting, presenting: { name, paused } }: TakenButtonProps) {
  const { strings, send, announcer } = useApp();
  const text = strings.present;
  const { asked } = meeting;
  const before = useRef(asked);
  useEffect(() => {
    if (asked && !before.current) announcer.say(text.asked(name));
    before.current = asked;
  }, [asked]);
  return (
    <Popover
      label={text.present}
      side="above"
      align="center"
      button={({ isOpen, toggle }) => (
        <BarButton
          action="present"
          label={text.present}
          name={text.taken(name)}
          isOpen={isOpen}
          onClick={toggle}
        >
          <MonitorUp size={20} />
        </BarButton>
      )}
    >
      {({ close, stay }) => (
        <div class="present-taken">
          <p>
            <strong dir="auto">{paused ? text.holdsPaused(name) : text.holds(name)}</strong>
            <span class="hint">{text.oneAtATime}</span>
          </p>
          {asked ? <p class="present-asked" dir="auto">{text.asked(name)}</p> : (
            <Button
              kind="primary"
              onClick={() => {
                stay();
                send({ do: "present.ask" });
              }}
            >
              <Hand size={16} aria-hidden="true" />
              <span class="ellipsis">{text.ask(name)}</span>
            </Button>
          )}
          {leads(meeting) && (
            <Button
              onClick={() => {
                close();
                send({ do: "host.unshare" });
              }}
            >
              <ScreenShareOff size={16} aria-hidden="true" />
              <span class="ellipsis">{text.stopTheirs(name)}</span>
            </Button>
          )}
        </div>
      )}
    </Popover>
  );
}
