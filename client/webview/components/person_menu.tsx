import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { PersonState } from "@fusionmeet/bridge";
import { useApp } from "../app.ts";
import { actionsWith, type PersonAction } from "../person_actions.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Crown, MicOff, ScreenShare, ScreenShareOff, UserX } from "./icons.ts";
import { Menu } from "./menu.tsx";

const ICONS: Record<PersonAction, ComponentChildren> = {
  mute: <MicOff size={18} aria-hidden="true" />,
  "hand-over": <ScreenShare size={18} aria-hidden="true" />,
  "stop-share": <ScreenShareOff size={18} aria-hidden="true" />,
  "make-host": <Crown size={18} aria-hidden="true" />,
  remove: <UserX size={18} aria-hidden="true" />,
};

/** What cannot be taken back is asked first. */
type Question = "remove" | "make-host";

/** What one may do with somebody; nothing is drawn where that is nothing. */
export function PersonMenu({ person }: { person: PersonState }) {
  const { store, strings, send } = useApp();
  const [question, setQuestion] = useState<Question>();
  const meeting = store.meeting.value;
  if (!meeting) return null;
  const { id: participant, name } = person;
  const choose: Record<PersonAction, () => void> = {
    mute: () => send({ do: "host.mute", participant }),
    "hand-over": () => send({ do: "present.give", participant }),
    "stop-share": () => send({ do: "host.unshare" }),
    "make-host": () => setQuestion("make-host"),
    remove: () => setQuestion("remove"),
  };
  const actions = actionsWith(person, meeting);
  const answered = () => setQuestion(undefined);
  return (
    <>
      {actions.length > 0 && (
        <Menu
          label={strings.roles.actionsFor(name)}
          items={actions.map((action) => ({
            key: action,
            label: strings.roles.actions[action],
            icon: ICONS[action],
            isDanger: action === "remove",
            onChoose: choose[action],
          }))}
        />
      )}
      {question === "remove" && actions.includes("remove") && (
        <RemoveDialog person={person} onAnswered={answered} />
      )}
      {question === "make-host" && actions.includes("make-host") && (
        <GiveHostDialog person={person} onAnswered={answered} />
      )}
    </>
  );
}

interface QuestionProps {
  readonly person: PersonState;
  readonly onAnswered: () => void;
}

function RemoveDialog({ person: { id: participant, name }, onAnswered }: QuestionProps) {
  const { strings, send } = useApp();
  const text = strings.roles;
  const remove = () => {
    onAnswered();
    send({ do: "host.remove", participant });
  };
  return (
    <Dialog
      title={text.removeTitle(name)}
      onCancel={onAnswered}
      actions={
        <>
          <Button onClick={onAnswered}>{text.cancel}</Button>
          <Button kind="danger" onClick={remove}>{text.remove}</Button>
        </>
      }
    >
      <p dir="auto">{text.removeText(name)}</p>
      <p>{text.removeSticks}</p>
    </Dialog>
  );
}

function GiveHostDialog({ person: { id: participant, name }, onAnswered }: QuestionProps) {
  const { strings, send } = useApp();
  const text = strings.roles;
  const give = () => {
    onAnswered();
    send({ do: "host.give", participant });
  };
  return (
    <Dialog
      title={text.giveTitle(name)}
      onCancel={onAnswered}
      actions={
        <>
          <Button onClick={onAnswered}>{text.cancel}</Button>
          <Button kind="primary" onClick={give}>{text.give}</Button>
        </>
      }
    >
      <p dir="auto">{text.giveText(name)}</p>
    </Dialog>
  );
}
