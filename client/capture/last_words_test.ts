import { match, strictEqual } from "node:assert/strict";
import { captureSentence, lastWordsOf } from "./last_words.ts";

Deno.test("lastWordsOf() finds the line that says why", () => {
  strictEqual(
    lastWordsOf([
      "Input #0, video4linux2,v4l2, from '/dev/video0':",
      "[video4linux2,v4l2 @ 0x55d0c8] ioctl(VIDIOC_STREAMON): Device or resource busy",
      "/dev/video0: Device or resource busy",
      "Conversion failed!",
    ]),
    "/dev/video0: Device or resource busy",
  );
  strictEqual(
    lastWordsOf(["[dshow @ 000001f2ab] [in @ 0x1] Could not find video device with name [x]", " "]),
    "Could not find video device with name [x]",
  );
  strictEqual(
    lastWordsOf([
      "Stream map '0:a:0' matches no streams.",
      "To ignore this, add a trailing '?' to the map.",
    ]),
    "Stream map '0:a:0' matches no streams.",
  );
  strictEqual(lastWordsOf(["one", "two"]), "two");
  strictEqual(lastWordsOf([]), "");
});

Deno.test("captureSentence() says what to do", () => {
  const sentence = (words: string) => captureSentence("camera", words);
  strictEqual(
    sentence("/dev/video0: Device or resource busy"),
    "Cannot read the camera: /dev/video0: Device or resource busy; another program uses it: close that one",
  );
  strictEqual(
    sentence("/dev/video7: No such file or directory"),
    "Cannot read the camera: /dev/video7: No such file or directory; plug it in, or choose another one",
  );
  strictEqual(/privacy settings/.test(sentence("/dev/video0: Permission denied")), true);
  strictEqual(
    captureSentence("screen", ":0: Permission denied"),
    "Cannot read the screen: :0: Permission denied",
    "no device of the privacy settings",
  );
  strictEqual(
    captureSentence("microphone", "default: Connection refused"),
    "Cannot read the microphone: default: Connection refused; is the sound server running?",
  );
  strictEqual(
    captureSentence("microphone", ""),
    "Cannot read the microphone: ffmpeg ended without a word",
  );
});

Deno.test("captureSentence() says how to get an ffmpeg that has what this one lacks, on this system", () => {
  const lacks = (words: string, system: "linux" | "windows" | "darwin") =>
    captureSentence("microphone", words, system);
  const pulse = lacks("Unknown input format: 'pulse'", "linux");
  match(
    pulse,
    /^Cannot read the microphone: Unknown input format: 'pulse'\. This ffmpeg was built/,
  );
  match(pulse, /apt-get install ffmpeg.*take away one beside this program/);
  match(lacks("Unknown encoder 'libx264'", "windows"), /winget install ffmpeg/);
  match(lacks("No such filter: 'tpad'", "darwin"), /brew install ffmpeg/);
});
