/**
 * Ends of names of what some system runs when it is opened, or may run what is in it: Windows (PATHEXT and what its mail
 * programs block), macOS, Linux, scripts, macros of office programs, disk images.
 */
const ENDINGS = new Set(
  ("action apk app appimage appref-ms application bash bat bin cmd com command cpl csh deb " +
    "desktop dll dmg docm dotm elf exe flatpak fish gadget hta htm html inf ins iso img jar jnlp js jse lnk " +
    "mht mhtml msc msi msix msp mst out pif pkg pl potm ppam ppsm pptm ps1 ps1xml psc1 psm1 py pyc pyw " +
    "rb reg rpm run scf scr sct sh shb snap sys url vb vbe vbs vhd vhdx vxd workflow ws wsc wsf wsh " +
    "xbap xhtml xlam xlsm xltm xll zsh").split(" "),
);

/** What programs begin with. A zip (JAR, APK) and a class are told by their names: their beginning is that of much else. */
const BEGINNINGS: readonly (readonly number[])[] = [
  // MZ: Windows and DOS.
  [0x4d, 0x5a],
  // ELF.
  [0x7f, 0x45, 0x4c, 0x46],
  // Mach-O: 32 and 64 bit in both orders of bytes, and several in one file.
  [0xfe, 0xed, 0xfa, 0xce],
  [0xfe, 0xed, 0xfa, 0xcf],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  // #!
  [0x23, 0x21],
];

/** So much of a file shows whether it is a program. */
export const EXECUTABLE_BEGINNING_BYTES = 4;

/** Whether a file of that name may run something when it is opened. Dots and spaces at its end hide nothing: Windows drops them. */
export function isExecutableName(name: string): boolean {
  const ending = /\.([^.]+)$/.exec(name.replace(/[. ]+$/, ""))?.[1] ?? "";
  return ENDINGS.has(ending.toLowerCase());
}

/** Whether a file that begins with `bytes` is a program, whatever it is called. */
export function isExecutableContent(bytes: Uint8Array): boolean {
  return BEGINNINGS.some((beginning) => beginning.every((byte, at) => bytes[at] === byte));
}
