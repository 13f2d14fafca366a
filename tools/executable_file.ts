/**
 * What an executable file says of itself in its headers, and the payload that `deno compile` put into it. Pure: bytes
 * in, facts out. The payload is looked for where its own program looks for it (denoland/sui: a note of an ELF file, a
 * resource of a PE file, a section of a Mach-O file for Apple's processors, the end of the file for Intel's), so a
 * payload that is elsewhere is none.
 *
 * Sources: System V ABI (ELF, notes), Microsoft PE format, Apple mach-o/loader.h, denoland/sui (ELF.md, intel_mac.rs).
 */
import { ByteReader, FormatError } from "./byte_reader.ts";

/** What a program or library runs on, as `Deno.build` says it. */
export interface Machine {
  readonly os: "linux" | "windows" | "darwin";
  /** One, or several in a universal file of macOS. */
  readonly archs: readonly ("x86_64" | "aarch64")[];
}

/** An executable with a payload. */
export interface ExecutableFile extends Machine {
  /** False for a Windows program that opens no console. True elsewhere. */
  readonly hasConsole: boolean;
  /** The pictures of its icon in Windows; none elsewhere. */
  readonly icons: readonly Uint8Array[];
  /** `undefined` where the program would find none. */
  readonly payload: Uint8Array | undefined;
}

/** The name of the payload's note, resource or section. */
const PAYLOAD_NAME = "d3n0l4nd";

/** The headers of an executable or a shared library. @throws FormatError */
export function machineOf(bytes: Uint8Array): Machine {
  const start = new ByteReader(bytes);
  const magic = start.u32();
  if (magic === ELF_MAGIC) return elfMachine(bytes);
  if ((magic & 0xffff) === MZ_MAGIC) return peMachine(bytes);
  if (magic === MACH_O_MAGIC) return { os: "darwin", archs: [machOArch(start.u32())] };
  if (magic === FAT_MAGIC) return fatMachine(bytes);
  throw new FormatError("it is no ELF, PE or Mach-O file");
}

/** What is wrong with a program or library for that system: behind "NAME is". */
export function systemFaults(
  { os, archs }: Machine,
  target: { readonly os: string; readonly arch: Machine["archs"][number] },
): string[] {
  if (os === target.os && archs.includes(target.arch)) return [];
  return [`for ${os} on ${archs.join(" and ")}, not for ${target.os} on ${target.arch}`];
}

/** An executable, with its payload. @throws FormatError */
export function readExecutable(bytes: Uint8Array): ExecutableFile {
  const machine = machineOf(bytes);
  const ordinary = { ...machine, hasConsole: true, icons: [] };
  if (machine.os === "linux") return { ...ordinary, payload: elfPayload(bytes) };
  if (machine.os === "windows") return { ...machine, ...peContents(bytes) };
  const payload = machine.archs[0] === "x86_64" ? intelPayload(bytes) : machOPayload(bytes);
  return { ...ordinary, payload };
}

/** A sentence of `deno compile --help`; the Deno that belongs into an executable (denort) has no such command. */
const DENO_SAYS = new TextEncoder().encode("Compiles the given script into a self contained exec");

/** True where the file is the whole Deno: that one never looks for a payload. */
export function isPlainDeno(bytes: Uint8Array): boolean {
  return lastIndexOf(bytes, DENO_SAYS) >= 0;
}

// ELF, 64 bits, little-endian.

const ELF_MAGIC = 0x464c457f;
const ELF_MACHINES: Readonly<Record<number, Machine["archs"][number]>> = {
  62: "x86_64",
  183: "aarch64",
};
const PT_NOTE = 4;
/** `SUI\0`, and the type of its notes. */
const SUI_NOTE = { name: "SUI\0", type: 0x53554901 };

function elfMachine(bytes: Uint8Array): Machine {
  const arch = ELF_MACHINES[new ByteReader(bytes, 18).u16()];
  if (arch === undefined) throw new FormatError("it is an ELF file for another processor");
  return { os: "linux", archs: [arch] };
}

function elfPayload(bytes: Uint8Array): Uint8Array | undefined {
  const headersAt = new ByteReader(bytes, 32).u64();
  const sizes = new ByteReader(bytes, 54);
  const [headerSize, headerCount] = [sizes.u16(), sizes.u16()];
  for (let index = 0; index < headerCount; index++) {
    const header = new ByteReader(bytes, headersAt + index * headerSize);
    if (header.u32() !== PT_NOTE) continue;
    header.skip(4);
    const at = header.u64();
    header.skip(16);
    const found = suiNote(new ByteReader(new ByteReader(bytes, at).bytes(header.u64())));
    if (found !== undefined) return found;
  }
}

/** The payload among the notes of a segment. */
function suiNote(notes: ByteReader): Uint8Array | undefined {
  while (notes.left >= 12) {
    const [nameSize, size, type] = [notes.u32(), notes.u32(), notes.u32()];
    const name = notes.text(nameSize);
    notes.align(4);
    const note = new ByteReader(notes.bytes(size));
    notes.align(4);
    if (name !== SUI_NOTE.name || type !== SUI_NOTE.type) continue;
    if (note.text(note.u16()) === PAYLOAD_NAME) return note.bytes(note.left);
  }
}

// PE, 64 bits.

const MZ_MAGIC = 0x5a4d;
const PE_MAGIC = 0x4550;
const PE_MACHINES: Readonly<Record<number, Machine["archs"][number]>> = {
  0x8664: "x86_64",
  0xaa64: "aarch64",
};
const SUBSYSTEM_CONSOLE = 3;
/** `RT_ICON` and `RT_RCDATA`. */
const RESOURCE_TYPE = { icon: 3, data: 10 };
/** Set in an entry that names a table, not data; and in one that has a name, not a number. */
const HIGH_BIT = 0x8000_0000;

/** Where the COFF header of a PE file is. */
function coffHeader(bytes: Uint8Array): ByteReader {
  const at = new ByteReader(bytes, 0x3c).u32();
  const header = new ByteReader(bytes, at);
  if (header.u32() !== PE_MAGIC) throw new FormatError("it is a DOS file, but no PE file");
  return header;
}

function peMachine(bytes: Uint8Array): Machine {
  const arch = PE_MACHINES[coffHeader(bytes).u16()];
  if (arch === undefined) throw new FormatError("it is a PE file for another processor");
  return { os: "windows", archs: [arch] };
}

function peContents(
  bytes: Uint8Array,
): Pick<ExecutableFile, "hasConsole" | "icons" | "payload"> {
  const header = coffHeader(bytes);
  header.skip(2);
  const sectionCount = header.u16();
  header.skip(12);
  const optionalSize = header.u16();
  const optionalAt = header.at + 2;
  const hasConsole = new ByteReader(bytes, optionalAt + 68).u16() === SUBSYSTEM_CONSOLE;
  const resourcesAt = new ByteReader(bytes, optionalAt + 128).u32();
  const image = new PeImage(bytes, { at: optionalAt + optionalSize, count: sectionCount });
  const resources = new Resources(image, resourcesAt);
  return {
    hasConsole,
    icons: resources.ofType(RESOURCE_TYPE.icon).map(({ data }) => data),
    payload: resources.ofType(RESOURCE_TYPE.data)
      .find(({ name }) => name === PAYLOAD_NAME.toUpperCase())?.data,
  };
}

/** A PE file as it lies in memory. */
class PeImage {
  readonly #bytes: Uint8Array;
  readonly #sections: { address: number; size: number; at: number }[] = [];

  constructor(bytes: Uint8Array, sections: { at: number; count: number }) {
    this.#bytes = bytes;
    for (let index = 0; index < sections.count; index++) {
      const header = new ByteReader(bytes, sections.at + index * 40 + 12);
      this.#sections.push({ address: header.u32(), size: header.u32(), at: header.u32() });
    }
  }

  /** What is read from an address on. */
  reader(address: number): ByteReader {
    const section = this.#sections.find((each) =>
      address >= each.address && address < each.address + each.size
    );
    if (section === undefined) throw new FormatError("its resources lie in no section");
    return new ByteReader(this.#bytes, section.at + address - section.address);
  }
}

/** The tree of resources: type, name, language. */
class Resources {
  readonly #image: PeImage;
  readonly #root: number;

  constructor(image: PeImage, root: number) {
    this.#image = image;
    this.#root = root;
  }

  /** Those of a type, in every language. */
  ofType(type: number): { name: string | number; data: Uint8Array }[] {
    const table = this.#entries(0).find(({ name }) => name === type);
    if (table === undefined) return [];
    return this.#entries(table.to).flatMap(({ name, to }) =>
      this.#entries(to).map((entry) => ({ name, data: this.#data(entry.to) }))
    );
  }

  #entries(at: number): { name: string | number; to: number }[] {
    const table = this.#image.reader(this.#root + at);
    table.skip(12);
    const count = table.u16() + table.u16();
    return Array.from({ length: count }, () => {
      const [name, to] = [table.u32(), table.u32()];
      // `>>> 0`: the operators of bits are signed.
      const isNamed = (name & HIGH_BIT) !== 0;
      return {
        name: isNamed ? this.#name((name & ~HIGH_BIT) >>> 0) : name,
        to: (to & ~HIGH_BIT) >>> 0,
      };
    });
  }

  #name(at: number): string {
    const text = this.#image.reader(this.#root + at);
    return String.fromCharCode(...Array.from({ length: text.u16() }, () => text.u16()));
  }

  #data(at: number): Uint8Array {
    const entry = this.#image.reader(this.#root + at);
    const address = entry.u32();
    return this.#image.reader(address).bytes(entry.u32());
  }
}

// Mach-O, 64 bits.

const MACH_O_MAGIC = 0xfeedfacf;
/** `FAT_MAGIC` is big-endian in the file. */
const FAT_MAGIC = 0xbebafeca;
const MACH_O_CPUS: Readonly<Record<number, Machine["archs"][number]>> = {
  0x0100_0007: "x86_64",
  0x0100_000c: "aarch64",
};
const LC_SEGMENT_64 = 0x19;
/** Before the payload at the end of a file for Intel's processors. */
const INTEL_SENTINEL = Uint8Array.from(
  "<~sui-data~>\xef\xbe\xad\xde",
  (each) => each.charCodeAt(0),
);

function machOArch(cpu: number): Machine["archs"][number] {
  const arch = MACH_O_CPUS[cpu];
  if (arch === undefined) throw new FormatError("it is a Mach-O file for another processor");
  return arch;
}

function fatMachine(bytes: Uint8Array): Machine {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(4);
  const archs = Array.from({ length: count }, (_, index) => {
    const at = 8 + index * 20;
    if (at + 4 > bytes.length) throw new FormatError("it ends early");
    return machOArch(view.getUint32(at));
  });
  return { os: "darwin", archs };
}

function machOPayload(bytes: Uint8Array): Uint8Array | undefined {
  const commandCount = new ByteReader(bytes, 16).u32();
  let at = 32;
  for (let index = 0; index < commandCount; index++) {
    const command = new ByteReader(bytes, at);
    const [kind, size] = [command.u32(), command.u32()];
    if (size < 8) throw new FormatError("it has a command that is none");
    if (kind === LC_SEGMENT_64) {
      const found = suiSection(bytes, command);
      if (found !== undefined) return found;
    }
    at += size;
  }
}

/** The payload among the sections of a segment. @param segment behind the size of its command. */
function suiSection(bytes: Uint8Array, segment: ByteReader): Uint8Array | undefined {
  if (segment.name(16) !== "__SUI") return;
  segment.skip(40);
  const sectionCount = segment.u32();
  segment.skip(4);
  for (let index = 0; index < sectionCount; index++) {
    const section = new ByteReader(bytes, segment.at + index * 80);
    if (section.name(16) !== PAYLOAD_NAME) continue;
    section.skip(24);
    const size = section.u64();
    return new ByteReader(bytes, section.u32()).bytes(size);
  }
}

/** The payload at the end of a file that is read as a file. */
function intelPayload(bytes: Uint8Array): Uint8Array | undefined {
  const at = lastIndexOf(bytes, INTEL_SENTINEL);
  if (at < 0) return;
  const end = new ByteReader(bytes, at + INTEL_SENTINEL.length);
  return end.bytes(end.u64());
}

function lastIndexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.lastIndexOf(wanted[0]); at >= 0; at = bytes.lastIndexOf(wanted[0], at - 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
    if (at === 0) break;
  }
  return -1;
}
