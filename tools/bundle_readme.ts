/** README.txt of a bundle: for whoever unpacked it and has nothing else. */
import { BEACON_PORT, CONTROL_PORT, MEDIA_PORT } from "@fusionmeet/protocol";
import type { Target } from "./targets.ts";

/** Voice and pictures, and how servers are found: the beacon and mDNS. */
const UDP_PORTS = `${MEDIA_PORT},${BEACON_PORT},5353`;

interface SystemText {
  readonly client: string;
  readonly server: string;
  /** How to begin. */
  readonly start: string;
  /** What the system asks or forbids at first. */
  readonly trust: string;
  readonly firewall: string;
  readonly webview: string;
  readonly ffmpeg: string;
  readonly userFolder: string;
}

const SYSTEMS: Readonly<Record<Target["os"], SystemText>> = {
  windows: {
    client: "FusionMeet",
    server: "FusionMeet-Server",
    start: `Right-click the .zip, "Extract All", and double-click in the folder, not in the .zip.
FusionMeet.vbs starts without a console. Where scripts are switched off, use FusionMeet-Console.cmd:
the same with a console; options go behind it (FusionMeet-Console --help). Leave a stick in while it runs.`,
    trust: `"Windows protected your PC" (SmartScreen): the program is not signed. "More info", then
"Run anyway". Or, before you extract it: right-click the .zip, Properties, tick "Unblock".`,
    firewall:
      `Windows asks once whether "deno" may be reached on networks. On the server's computer say yes for
private networks. If nobody was asked, in a console as administrator:
  netsh advfirewall firewall add rule name="FusionMeet TCP" dir=in action=allow protocol=TCP localport=${CONTROL_PORT}
  netsh advfirewall firewall add rule name="FusionMeet UDP" dir=in action=allow protocol=UDP localport=${UDP_PORTS}`,
    webview:
      `The window needs WebView2, which Windows 11 has and Windows 10 gets with its updates. Without it the
page opens as a window of Edge, or in another browser, and says how to install it.`,
    ffmpeg: "winget install ffmpeg, or put ffmpeg.exe into a folder ffmpeg beside this file",
    userFolder: "%APPDATA%\\FusionMeet",
  },
  darwin: {
    client: "FusionMeet.command",
    server: "FusionMeet-Server.command",
    start:
      `Double-click the .tar.gz, then double-click in the folder. Terminal opens and shows what happens.
Leave a stick in while it runs.`,
    trust:
      `"cannot be opened because the developer cannot be verified" (quarantine): the program is not
signed. Open Terminal, type the following with a space behind it, drag the folder into the window, Return:
  xattr -dr com.apple.quarantine`,
    firewall:
      `macOS asks whether "deno" may accept incoming connections: say yes on the server's computer. macOS 15
also asks whether Terminal may find devices on the local network: yes. Both are found again in
System Settings, Network, Firewall, and Privacy & Security, Local Network.`,
    webview: "The window is the system's own.",
    ffmpeg: "brew install ffmpeg, or put ffmpeg into a folder ffmpeg beside this file",
    userFolder: "~/Library/Application Support/FusionMeet",
  },
  linux: {
    client: "FusionMeet",
    server: "FusionMeet-Server",
    start:
      `tar xzf FusionMeet-*.tar.gz, and in the folder: ./FusionMeet-Server, ./FusionMeet. In a file manager:
right-click, "Run as a Program". From a USB stick a copy of the program (95 MB) runs, which is put into
~/.cache/fusionmeet, so that a pulled stick ends no meeting. If it says "Permission denied" (a stick that
lets no program run), begin it by: sh FusionMeet`,
    trust:
      "Needs glibc 2.27 or newer (Debian 10, Ubuntu 18.04, Fedora 28 and later); not musl (Alpine).",
    firewall: `Where a firewall is switched on, on the server's computer:
  sudo ufw allow ${CONTROL_PORT}/tcp && sudo ufw allow ${UDP_PORTS}/udp
  or: sudo firewall-cmd --permanent --add-port=${CONTROL_PORT}/tcp --add-port=${MEDIA_PORT}/udp --add-port=${BEACON_PORT}/udp --add-service=mdns && sudo firewall-cmd --reload`,
    webview:
      `The window needs WebKitGTK 6.0 (Debian, Ubuntu: sudo apt-get install libwebkitgtk-6.0-4
gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav). Without it the page opens in a
browser, and the terminal says how to install it.`,
    ffmpeg: "sudo apt-get install ffmpeg, or put ffmpeg into a folder ffmpeg beside this file",
    userFolder: "~/.local/share/fusionmeet",
  },
};

/** The page for people of that system. */
export function readmeText(
  { name, os }: Target,
  { version, hasFfmpeg }: { version: string; hasFfmpeg: boolean },
): string {
  const system = SYSTEMS[os];
  const ffmpeg = hasFfmpeg
    ? "It is in the folder ffmpeg; its licence is in LICENSES.txt."
    : `It is not in this folder. Get it: ${system.ffmpeg}.`;
  return `FusionMeet ${version} for ${name}

Meetings on your own network: voices, cameras and chat, with no internet and no account. Nothing has to
be installed: copy this folder to every computer, a USB stick will do.

START
One computer starts ${system.server}. It prints the addresses people can use, a link, and six words.
Everybody starts ${system.client}, clicks the server in the list (or types one of the addresses, or
pastes the link), types a name, and compares the words when meeting that server for the first time.
${system.start}

WHAT THE SYSTEM ASKS
${system.trust}

FIREWALL
The server is reached on TCP port ${CONTROL_PORT} and UDP port ${MEDIA_PORT}. Clients need nothing opened to
meet. Servers are found on UDP ports 5353 and ${BEACON_PORT}; without them, type the address.
${system.firewall}

WINDOW
${system.webview}

CAMERA AND MICROPHONE
They are opened by ffmpeg.
${ffmpeg}

WHERE YOUR DATA IS
In this folder, so that a stick carries it along; where the folder cannot be written to, in
${system.userFolder}. The program says which.
server.key is who your server is: who has it can pose as it.
To give the program to others, give them the archive you got, not a folder that was used.

EXIT CODES
Client: 0 left as asked, 1 a mistake of the program, 2 wrong usage, 3 server not reached, 4 refused,
5 the server's key is not the expected one, 6 connection lost for good.
Server: 0 ended as asked, 1 could not start or go on, 2 wrong usage.

LICENCES
FusionMeet is under the MIT licence. All that is packed along, and under which licence: LICENSES.txt.
`;
}
