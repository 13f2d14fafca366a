import { type JoinProblem, type JoinState, NO_NEARBY, type WindowState } from "@fusionmeet/bridge";
import { EXIT, type JoinFailure } from "../failures.ts";

/** Before anything is known. */
export function emptyState(): WindowState {
  const join: JoinState = {
    server: "",
    name: "",
    room: "Main",
    pin: "",
    ownerPin: "",
    microphone: true,
    camera: true,
    microphoneSource: null,
    cameraSource: null,
    expected: null,
    recentServers: [],
    nearby: NO_NEARBY,
    busy: false,
    failure: null,
    introduction: null,
    lobby: null,
  };
  return { screen: "join", join, meeting: null, left: null, leaveQuestion: null, theme: "system" };
}

/** Advice for somebody with the form in front of them, where the general one names options of the command line. */
const ADVICE: ReadonlyMap<string, string> = new Map(Object.entries({
  "key-unknown": "Compare the words with those the server prints",
  "pin-needed": "Ask whoever runs the server for the PIN and type it here",
  "owner-pin-wrong": "Check it with whoever runs the server, or leave it empty to join as a guest",
  "name-empty": "Type the name that the others shall see",
  "name-bad": "Choose another name: letters, digits, spaces and signs",
  "name-taken": "Choose another name; if that is you, over a connection that broke, wait 20 s",
  "room-bad": "Choose another room: letters, digits, spaces and signs",
  "key-changed":
    "Ask whoever runs the server. Only if they set it up anew and read you the new words: take the server out of pins.json in FusionMeet's folder, then join again",
  "key-not-as-listed":
    "Pick the server again in a moment, or type the address that it prints when it starts. If this happens again, somebody on this network announces it falsely: tell whoever runs it",
  "key-not-as-given":
    "Ask for a new link, and compare the words with those the server prints: somebody else may be answering there",
  "full": "Wait until somebody leaves, or choose another room",
}));

/** A failure as the join screen shows it, beside the field that can mend it. @param form What was typed. */
export function joinProblem(
  failure: JoinFailure,
  form: { readonly pin: string; readonly ownerPin: string } = { pin: "", ownerPin: "" },
): JoinProblem {
  const { code } = failure;
  // The words are there to compare; the fingerprint they stand for is of no use to the eye.
  const message = failure.message.replaceAll(/ \([0-9a-f]{64}\)/g, "");
  const field = isOfOwnerPin(code, form) ? "ownerPin" : fieldOf(failure);
  return { code, message, advice: ADVICE.get(code) ?? failure.advice, field };
}

/** Why a meeting that was joined is over. */
export function leftProblem(
  failure: JoinFailure,
  { room, hostName }: { room: string; hostName?: string },
): JoinProblem {
  if (failure.code !== "removed") return joinProblem(failure);
  return {
    code: failure.code,
    message: `${hostName ?? "The host"} removed you from the room ${room}`,
    advice:
      "You cannot come back in by joining again, under this name or from this computer, until the host lets you in or everybody has left. If this was a mistake, talk to the host",
    field: null,
  };
}

/** A server says of either PIN that too many were wrong. */
function isOfOwnerPin(code: string, { pin, ownerPin }: { pin: string; ownerPin: string }): boolean {
  if (code === "too-many-wrong-pins") return pin === "" && ownerPin !== "";
  return code === "owner-pin-wrong";
}

function fieldOf({ code, exitCode }: JoinFailure): JoinProblem["field"] {
  if (/pin/.test(code)) return "pin";
  if (code.startsWith("name-")) return "name";
  if (code.startsWith("room") || code === "full") return "room";
  return exitCode === EXIT.unreachable || exitCode === EXIT.keyChanged ? "server" : null;
}
