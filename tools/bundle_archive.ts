/** Archives of a folder that are the same, byte by byte, whoever makes them and when. */
import { Buffer } from "node:buffer";
import { buffer } from "node:stream/consumers";
import { constants, gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { ZipFile } from "yazl";

/** A file of an archive. */
export interface ArchivedFile {
  /** In the archive, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
}

/** Zip counts in local time from 1980 on; this is the same everywhere. */
const MADE_AT = new Date(2000, 0, 1);
const MADE_AT_UTC = new Date("2000-01-01T00:00:00Z");
/** The byte of a gzip header that tells the system it was made on, and "unknown". */
const GZIP_SYSTEM_AT = 9;
const GZIP_SYSTEM_UNKNOWN = 255;

/** The archive, its files in the order of their paths. */
export async function packArchive(
  files: readonly ArchivedFile[],
  suffix: ".tar.gz" | ".zip",
): Promise<Uint8Array> {
  const sorted = files.toSorted((a, b) => a.path < b.path ? -1 : 1);
  return suffix === ".zip" ? await zip(sorted) : await tarGz(sorted);
}

async function tarGz(files: readonly ArchivedFile[]): Promise<Uint8Array> {
  const tar = await packTar(files.map(({ path, bytes, isExecutable }) => ({
    header: {
      ...{ name: path, size: bytes.length, type: "file", mtime: MADE_AT_UTC },
      ...{ mode: isExecutable ? 0o755 : 0o644, uid: 0, gid: 0, uname: "", gname: "" },
    },
    body: bytes,
  })));
  const packed = gzipSync(tar, { level: constants.Z_DEFAULT_COMPRESSION });
  packed[GZIP_SYSTEM_AT] = GZIP_SYSTEM_UNKNOWN;
  return packed;
}

async function zip(files: readonly ArchivedFile[]): Promise<Uint8Array> {
  const archive = new ZipFile();
  for (const { path, bytes, isExecutable } of files) {
    archive.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), path, {
      mtime: MADE_AT,
      mode: isExecutable ? 0o100755 : 0o100644,
      forceDosTimestamp: true,
    });
  }
  archive.end();
  return new Uint8Array(await buffer(archive.outputStream));
}
