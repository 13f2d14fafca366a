import type { MeetingState, PersonState } from "@fusionmeet/bridge";

/** What one may do with somebody. */
export type PersonAction = "mute" | "hand-over" | "stop-share" | "make-host" | "remove";

/** Oneself leads the room. */
export function leads({ people, self }: Pick<MeetingState, "people" | "self">): boolean {
  return people.some(({ id, host }) => id === self && host);
}

/** What oneself may do with `person` just now, in the order of a menu; what one may not do is not shown. The server decides. */
export function actionsWith(
  person: PersonState,
  meeting: Pick<MeetingState, "people" | "self" | "presenting">,
): PersonAction[] {
  const { self, presenting } = meeting;
  if (person.id === self) return [];
  const isHost = leads(meeting);
  const isHere = !person.away;
  const can: Record<PersonAction, boolean> = {
    mute: isHost && isHere && person.microphone,
    "hand-over": presenting?.participant === self && isHere,
    "stop-share": isHost && presenting?.participant === person.id,
    "make-host": isHost && isHere,
    remove: isHost,
  };
  return (Object.keys(can) as PersonAction[]).filter((action) => can[action]);
}
