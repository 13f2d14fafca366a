import type { ShortcutAction } from "./shortcuts.ts";
import type { OwnShareState, PictureQuality, Theme } from "@fusionmeet/bridge";
import type { PersonAction } from "./person_actions.ts";

/** Every word the page says by itself; what the program says comes as sentences of its own. */
export type Strings = typeof ENGLISH;

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** Picks the plural form for `count`; `#` in it stands for the number. */
function plural(language: string): (count: number, forms: Forms) => string {
  const [rules, digits] = [new Intl.PluralRules(language), new Intl.NumberFormat(language)];
  return (count, forms) =>
    (forms[rules.select(count)] ?? forms.other).replace("#", digits.format(count));
}

/** Bytes with a decimal unit, three figures at most. */
function sizes(language: string): (bytes: number) => string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"].map((unit) =>
    new Intl.NumberFormat(language, {
      ...{ style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short" },
      maximumSignificantDigits: 3,
    })
  );
  return (bytes) => {
    // What would be rounded to 1000 of a unit is 1 of the next.
    const steps = Math.floor(Math.log10(Math.max(1, bytes) * 1.0005) / 3);
    const unit = Math.min(units.length - 1, steps);
    return units[unit].format(bytes / 1_000 ** unit);
  };
}

const english = plural("en");

const englishSize = sizes("en");

const ENGLISH = {
  product: "FusionMeet",
  link: {
    connecting: "Connecting to FusionMeet…",
    lost: "No connection to FusionMeet on this computer. Trying again…",
    goneTitle: "FusionMeet is not running any more",
    goneText:
      "This page belongs to a program on this computer, and it has ended. Start FusionMeet again; this page can be closed.",
    goneTrying: "If it comes back, so does this page.",
    elsewhereTitle: "FusionMeet is open in another place",
    elsewhereText: "The meeting goes on there. One page at a time can show it.",
    takeBack: "Use it here",
    refusedTitle: "This link has already been used",
    refusedText: "Every link opens FusionMeet once. Start FusionMeet again to get a new one.",
  },
  join: {
    title: "Join a meeting",
    server: "Server",
    serverHint: "Name or address of the computer the server runs on, or a link",
    fromLink: "From a link: only the server it names is joined",
    linkTaken: (server: string, room: string) =>
      `Link taken: server ${server}, room ${room}. Only the server it names is joined.`,
    linkAdvice: "Copy it again from where you have it",
    recentServers: "Servers of earlier meetings",
    nearby: {
      title: "On this network",
      looking: "Looking for servers on this network…",
      none: "No server found here.",
      noneText: "Type its address below, or try every address of this network.",
      noneTyped: "The address below is used, or try every address of this network.",
      search: "Search",
      searchMore: "Search for more",
      searching: (done: number, all: number) => `Searching, ${done} of ${all}`,
      stopSearch: "Stop",
      found: (count: number) =>
        english(count, {
          one: "# server found on this network",
          other: "# servers found on this network",
        }),
      known: "Known",
      people: (people: number, rooms: number) =>
        people === 0
          ? "nobody there"
          : `${english(people, { one: "# person", other: "# people" })} in ${
            english(rooms, { one: "# room", other: "# rooms" })
          }`,
    },
    name: "Your name",
    nameHint: "As others see you",
    room: "Room",
    roomHint: "A new name starts a new room",
    rooms: "Rooms with people in them",
    showRooms: "Show rooms",
    showServers: "Show earlier servers",
    roomsAsked: "Asking the server for its rooms…",
    roomsUnknown: "The server has not answered yet",
    roomsInUse: (count: number) =>
      english(count, {
        one: "# room has people in it",
        other: "# rooms have people in them",
      }),
    roomsNone: "Nobody is there yet. You start the meeting",
    people: (count: number) => english(count, { one: "# person", other: "# people" }),
    pin: "PIN",
    pinHint: "Whoever runs the server knows it",
    lead: "I have the owner PIN",
    ownerPin: "Owner PIN",
    ownerPinHint: "Makes you the host: whoever runs the server knows it",
    microphone: "Microphone",
    camera: "Camera",
    noMicrophone: "No microphone found",
    noCamera: "No camera found",
    submit: "Join",
    busy: "Joining…",
    cancel: "Cancel",
    you: "You",
    look: "How you start",
    missing: {
      server: "Enter the server's name or address",
      name: "Enter your name",
      room: "Enter a room",
      pin: "Enter the PIN",
    },
  },
  invite: {
    open: "Invite",
    title: "Invite others",
    link: "Link to this room",
    copy: "Copy link",
    linkHint:
      "Others paste it into the field Server when they join. It carries the server's key, so they have no words to compare. It holds no PIN.",
    phone: "Or by a phone's camera",
    phoneHint: "Opens a page with the link and the steps to join on a computer.",
    code: (page: string) => `QR code for ${page}`,
    locked: "The room is locked: whoever comes with this waits until the host opens it.",
    wordsHint: "For whoever comes without the link, or has it from that page.",
    onlyHere:
      "Only this computer reaches the server at the addresses it has: others cannot follow this link.",
  },
  copy: { copied: "Copied", failed: "Not copied: select it and press Ctrl+C" },
  introduction: {
    title: "Do you trust this server?",
    text: (server: string) =>
      `You meet ${server} for the first time. Compare these words with those it showed when it started, or ask whoever runs it to read them to you.`,
    words: "Words of the server's key",
    fingerprint: "Full fingerprint",
    same: "If even one word differs, somebody may be listening in.",
    accept: "They are the same",
    decline: "Cancel",
  },
  meeting: {
    stage: "Participants' pictures",
    controls: "Meeting controls",
    you: "You",
    youAre: (name: string) => `${name} (you)`,
    /** Under the icon, where there is little room. Each is in what the button is called: people say what they see. */
    microphoneShort: { on: "Mute", off: "Unmute", missing: "No mic" },
    muteMicrophone: "Mute microphone",
    unmuteMicrophone: "Unmute microphone",
    cameraOn: "Turn camera on",
    cameraOff: "Turn camera off",
    noMicrophone: "No mic to switch on",
    noCamera: "No camera to switch on",
    settings: "Settings",
    quality: "Quality of your camera",
    qualityText: ({ width, height, framesPerSecond }: PictureQuality) =>
      `${
        height <= 240 ? "Low" : height <= 480 ? "Medium" : "High"
      }: ${width} × ${height}, ${framesPerSecond} fps`,
    appearance: "Appearance",
    themes: { system: "As this computer", light: "Light", dark: "Dark" } satisfies Record<
      Theme,
      string
    >,
    people: "People",
    chat: "Chat",
    openPeople: (count: number) =>
      english(count, { one: "People, # here", other: "People, # here" }),
    files: "Files",
    openFiles: (unseen: number) =>
      unseen === 0 ? "Files" : english(unseen, { one: "Files, # new", other: "Files, # new" }),
    openChat: (unseen: number) =>
      unseen === 0 ? "Chat" : english(unseen, { one: "Chat, # new", other: "Chat, # new" }),
    leave: "Leave",
    close: "Close",
    speaking: "speaking",
    muted: "microphone off",
    unmuted: "microphone on",
    noPicture: "camera off",
    picture: "camera on",
    away: "Connection lost, may come back",
    pages: "Pages of participants",
    previousPage: "Previous page",
    nextPage: "Next page",
    page: (page: number, pages: number) => `Page ${page} of ${pages}`,
    aloneTitle: "Nobody else is here yet",
    alone: (server: string, room: string) => `Others join with server ${server} and room ${room}`,
    comingBackTitle: "Connection lost",
    comingBack: (seconds: number) =>
      english(seconds, {
        one: "Coming back, gives up in # second",
        other: "Coming back, gives up in # seconds",
      }),
    comingBackSoon: "Connection lost. Trying to come back.",
    cameBack: "Back in the meeting.",
    stopTrying: "Leave now",
    hearTitle: "You do not hear the meeting yet",
    hear: "Click to hear",
    voiceFailed:
      "The sound cannot be played on this computer. Check its sound output, then reload this page.",
    sound: "Sound",
    lossless: "Lossless voice",
  },
  share: {
    presents: (name: string) => `${name} is presenting`,
    yours: "Your screen, as others see it",
    stopped: (name: string) => `${name} presents no more`,
    screenOf: (name: string, title: string) =>
      title ? `Screen of ${name}: ${title}` : `Screen of ${name}`,
    waiting: (name: string) => `Waiting for ${name}'s screen…`,
    paused: (name: string) => `${name}'s screen is paused: their connection is lost.`,
    cutOff: "Your connection is lost: what is shown here may have changed.",
    hidden: (name: string) => `The window that ${name} shows is minimised just now.`,
    failed: (name: string) => `${name}'s screen cannot be captured just now.`,
    showOwn: "Show what others see",
    hideOwn: "Hide",
    showOwnHint: "Your screen, as it comes to them",
    stillsOnly: "This computer cannot show moving pictures of a screen",
    stillsOnlyText: "You see it whenever it stands still, exactly as it is.",
    exact: "Exact",
    exactWhy: (name: string | null) =>
      `Exact: every pixel is as on ${
        name === null ? "your" : `${name}'s`
      } screen. What moves comes as a picture first, and is exact as soon as it stands still.`,
    exactScaled: "Exact at this size. The screen itself is larger than what can be sent.",
    size: (width: number, height: number) => `${width} × ${height}`,
    rate: (fps: number) => `${fps} fps`,
    delay: (ms: number) => `${ms} ms`,
    view: "View",
    pane: "Shared screen: the arrow keys move it",
    fit: "Fit, all of it",
    fitted: "Fit",
    times: (percent: number) => percent === 100 ? "100 %, pixel for pixel" : `${percent} %`,
    percent: (percent: number) => `${percent} %`,
    scale: (percent: number, isFit: boolean) =>
      isFit ? `View: fit, ${percent} %` : `View: ${percent} %`,
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    full: "Full screen",
    leaveFull: "Leave full screen",
  },
  people: {
    title: (count: number) => english(count, { one: "People (#)", other: "People (#)" }),
    encrypted: "Everything is encrypted",
    compare: "Compare these words of the server's key with those it showed when it started.",
    network: (rttMs: number) => `Round trip to the server ${rttMs} ms`,
    size: (width: number, height: number) => `${width} × ${height}`,
    rate: (fps: number) => `${fps} fps`,
    delay: (ms: number) => `delay ${ms} ms`,
    lost: (count: number) => english(count, { one: "# packet lost", other: "# packets lost" }),
  },
  roles: {
    host: "Host",
    isHost: "leads the room",
    presents: "Presents",
    presentsPaused: "Presents, paused",
    actionsFor: (name: string) => `What you can do with ${name}`,
    actions: {
      mute: "Mute",
      "hand-over": "Hand the screen over",
      "stop-share": "Stop their share",
      "make-host": "Make host…",
      remove: "Remove…",
    } satisfies Record<PersonAction, string>,
    tools: "What you can do as the host",
    muteAll: "Mute everybody",
    lock: "Lock the room",
    unlock: "Unlock the room",
    locked: "The room is locked",
    lockedText: "The room is locked: nobody new comes in.",
    unlocked: "The room is open again",
    youAreHost: "You are the host of this room",
    hostIs: (name: string) => `${name} is the host of this room`,
    removeTitle: (name: string) => `Remove ${name}?`,
    removeText: (name: string) =>
      `${name} is out of the meeting at once, and sees and hears nothing more of it.`,
    removeSticks:
      "Neither this name nor that computer comes in again until you let them, or until everybody has left.",
    remove: "Remove",
    giveTitle: (name: string) => `Make ${name} the host?`,
    giveText: (name: string) =>
      `You are not the host any more: ${name} decides who is muted, removed or let in, and whether somebody else leads.`,
    give: "Make host",
    cancel: "Cancel",
    removed: "Removed",
    readmit: "Let back in",
  },
  present: {
    present: "Present",
    open: "Present a screen or window",
    stop: "Stop",
    stopName: "Stop presenting",
    taken: (name: string) => `Present: ${name} has the screen`,
    holds: (name: string) => `${name} is presenting`,
    holdsPaused: (name: string) => `${name} is presenting, and has lost the connection just now`,
    oneAtATime: "One person presents at a time.",
    ask: (name: string) => `Ask ${name} to hand over`,
    asked: (name: string) => `You asked ${name} to hand over. No answer yet.`,
    stopTheirs: (name: string) => `Stop ${name}'s share`,
    region: "Presenting",
    yours: "You are presenting",
    announced: (title: string) => `You are presenting ${title}`,
    over: "You are not presenting any more",
    paused: "Paused: the connection is lost. It goes on as soon as it is back.",
    states: {
      turn: "",
      starting: "Nobody sees it yet: starting…",
      showing: "",
      hidden: "The window is minimised: others see its last picture.",
      failed: "It cannot be captured just now: trying again…",
    } satisfies Record<OwnShareState["state"], string>,
    change: "Show something else",
    yourTurnTitle: "You can present now",
    yourTurn: "Choose what to show.",
    turnEnds: (seconds: number) =>
      english(seconds, {
        one: "Your turn ends in # second",
        other: "Your turn ends in # seconds",
      }),
    choose: "Choose what to show",
    notNow: "Not now",
    asks: (name: string) => `${name} asks to present`,
    handOver: "Hand over",
    handOverTo: (name: string) => `Hand over to ${name}`,
    notNowTo: (name: string) => `Not now, ${name}`,
    moreAsk: (count: number) =>
      english(count, {
        one: "# more person asks to present",
        other: "# more people ask to present",
      }),
    pickTitle: "What do you want to show?",
    looking: "Looking for screens and windows…",
    screens: "Screens",
    windows: "Windows",
    none: "There is no screen and no window that can be shown.",
    size: (width: number, height: number) => `${width} × ${height}`,
    own: "FusionMeet",
    ownWarning:
      "This is FusionMeet itself: everybody would see the meeting within the meeting, again and again. Better show another window.",
    cancel: "Cancel",
  },
  chat: {
    title: "Chat",
    field: "Message to everyone",
    send: "Send",
    empty: "No messages yet",
    emptyText: "What is written here is kept for this room.",
    today: "Today",
    yesterday: "Yesterday",
    older: "Loading earlier messages…",
    showOlder: "Show earlier messages",
    start: "The beginning of this chat",
    fresh: (count: number) => english(count, { one: "# new message", other: "# new messages" }),
    sending: "Sending…",
    unsent: "Not sent",
    retry: "Try again",
    discard: "Discard",
    notices: {
      joined: (name: string) => `${name} joined`,
      left: (name: string) => `${name} left`,
      lost: (name: string) => `${name} lost the connection`,
      removed: (name: string) => `${name} was removed`,
      shared: (name: string, file = "a file", more = 0) =>
        more === 0
          ? `${name} shared ${file}`
          : `${name} shared ${file} and ${english(more, { one: "# more", other: "# more" })}`,
    },
    said: (name: string, text: string) => `${name}: ${text}`,
    moreHappened: (count: number) => english(count, { one: "# more", other: "# more" }),
    tooLong: (over: number) =>
      english(over, { one: "# character too long", other: "# characters too long" }),
  },
  files: {
    title: "Files",
    size: (bytes: number) => englishSize(bytes),
    rate: (bytesPerSecond: number) => `${englishSize(bytesPerSecond)}/s`,
    percent: (part: number) => `${Math.floor(part * 100)} %`,
    left: (seconds: number) =>
      seconds < 100
        ? `${seconds} s left`
        : seconds < 5_400
        ? `${Math.round(seconds / 60)} min left`
        : `${Math.round(seconds / 3_600)} h left`,
    empty: "No files yet",
    emptyText: "Drop some anywhere in this window. They stay, also when you leave.",
    add: "Add files…",
    addHint: "or drop or paste them anywhere here",
    drop: "Drop to share with everyone in the room",
    nothing: "There is no file in what was dropped.",
    /** Name of a picture from the clipboard; `time` fits into a file's name. */
    pasted: (time: string) => `Pasted picture ${time}`,
    tooMany: (count: number) =>
      english(count, {
        one: "# file was left out: too many wait to be sent",
        other: "# files were left out: too many wait to be sent",
      }),
    sending: "Being sent",
    comingList: "On their way from others",
    coming: "Coming",
    paused: "Paused, may go on",
    list: "Files of this room",
    search: "Search files",
    none: "No file is called that",
    more: (count: number) => english(count, { one: "Show # more", other: "Show # more" }),
    of: (owner: string) => owner,
    own: "you",
    program: "Program",
    programAdvice: (owner: string) => `Open it only if you trust ${owner}`,
    save: (name: string) => `Save ${name}`,
    saveShort: "Save",
    savedShort: "Saved",
    look: (name: string) => `Look at ${name}`,
    pictureOf: (name: string, owner: string) => `${name}, shared by ${owner}`,
    pictureCount: (at: number, count: number) => `${at} of ${count}`,
    pictureComes: "The picture comes",
    noPicture: "Save it to open it with another program.",
    previous: "Previous picture",
    next: "Next picture",
    closePicture: "Close",
    saveAs: "Save as…",
    saveAsOf: (name: string) => `Save as… ${name}`,
    saveAsTitle: "Save as",
    place: "Folder and name",
    placeHint: "On this computer. A file that is there already is never replaced.",
    folders: "Folders",
    showFolders: "Show folders",
    cancelSave: "Cancel",
    browse: "Browse…",
    saved: (folder: string) => `Saved in ${folder}`,
    openFolder: "Open folder",
    folderOf: (name: string) => `Open folder with ${name}`,
    cancel: (name: string) => `Cancel ${name}`,
    forget: (name: string) => `Close the message about ${name}`,
    hashing: "Reading",
    waiting: "Waits for its turn",
    goesOn: "It goes on where it was.",
    progress: (name: string) => `Progress of ${name}`,
    savedNews: (name: string) => `${name} is saved`,
    failedNews: (name: string) => `${name} did not come through`,
    moreOf: (name: string) => `More for ${name}`,
    deleteShort: "Delete for everyone",
    delete: (name: string) => `Delete for everyone: ${name}`,
    deleteTitle: "Delete for everyone?",
    deleteText: (name: string) =>
      `${name} goes from the room and from the server. Whoever has saved it keeps it.`,
    deleteYes: "Delete",
    deleteNo: "Keep",
  },
  leave: {
    title: "Leave the meeting?",
    leave: "Leave",
    stay: "Stay",
  },
  left: {
    title: "You left the meeting",
    room: (room: string) => `Room ${room}`,
    endedTitle: "The meeting is over for you",
    again: "Back to the start",
  },
  shortcuts: {
    title: "Keyboard shortcuts",
    open: "Keyboard shortcuts",
    actions: {
      microphone: "Microphone on or off",
      camera: "Camera on or off",
      chat: "Chat",
      people: "People",
      present: "Present, or stop",
      files: "Files",
      previousPage: "Previous page of people",
      nextPage: "Next page of people",
      fullScreen: "Shared screen: full screen",
      zoomIn: "Shared screen: larger",
      zoomOut: "Shared screen: smaller",
      fit: "Shared screen: all of it",
      actualSize: "Shared screen: pixel for pixel",
      shortcuts: "This list",
    } satisfies Record<ShortcutAction, string>,
  },
  toasts: {
    title: "Messages",
    close: "Close message",
    kinds: { info: "Note", warning: "Warning", problem: "Problem" },
  },
};

/** By language; another one is another table of the same shape. */
const TABLES: Readonly<Record<string, Strings>> = { en: ENGLISH };

/** The strings of the first of `languages` there are any in; English otherwise. */
export function stringsFor(languages: readonly string[]): Strings {
  const known = languages.map((language) => language.split("-")[0]).find((code) => TABLES[code]);
  return TABLES[known ?? "en"];
}
