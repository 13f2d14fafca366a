import { messageOf, Refusal } from "@fusionmeet/base";
import type { FilesEvent, SharedFile, SharedFiles } from "./shared_files.ts";

export interface FileErrandsOptions {
  /** One's own files are not fetched by `all`. */
  readonly name: string;
  /** Where fetched files go. */
  readonly folder: string;
  /** A share that did not come about. */
  readonly failed: (refusal: Refusal) => void;
}

/** Sharing and fetching by name, for programs without a window: a file that is not there yet is fetched when it comes. */
export class FileErrands {
  readonly #files: SharedFiles;
  readonly #options: FileErrandsOptions;
  readonly #wanted = new Map<string, string>();
  #wantsAll: string | undefined;

  constructor(files: SharedFiles, options: FileErrandsOptions) {
    this.#files = files;
    this.#options = options;
  }

  share(path: string): void {
    this.#files.share(path).catch((thrown) => {
      const code = thrown instanceof Refusal ? thrown.code : "file-unreadable";
      this.#options.failed(new Refusal(code, `Cannot share ${path}: ${messageOf(thrown)}`));
    });
  }

  /** @param name Of a file, or `all`. */
  fetch(name: string, folder = this.#options.folder): void {
    if (name === "all") {
      this.#wantsAll = folder;
      for (const file of this.#files.files) if (this.#isOthers(file)) this.#take(file, folder);
      return;
    }
    const file = this.#named(name);
    if (file === undefined) this.#wanted.set(name, folder);
    else this.#take(file, folder);
  }

  /** @throws Refusal `no-such-file` */
  delete(name: string): void {
    this.#files.delete(this.#required(name).id);
  }

  /** Tells its thumbnail. @throws Refusal `no-such-file` */
  thumbnail(name: string): void {
    this.#files.tellThumbnail(this.#required(name).id);
  }

  happened(event: FilesEvent): void {
    if (event.event !== "file" || event.state !== "there") return;
    const { file } = event;
    const folder = this.#wanted.get(file.name);
    if (folder !== undefined) {
      this.#wanted.delete(file.name);
      this.#take(file, folder);
    } else if (this.#wantsAll !== undefined && this.#isOthers(file)) {
      this.#take(file, this.#wantsAll);
    }
  }

  #take({ id }: SharedFile, folder: string): void {
    this.#files.fetch(id, folder);
  }

  /** The newest of that name. */
  #named(name: string): SharedFile | undefined {
    return this.#files.files.findLast((file) => file.name === name);
  }

  #required(name: string): SharedFile {
    const file = this.#named(name);
    if (file === undefined) throw new Refusal("no-such-file", `There is no file called ${name}`);
    return file;
  }

  #isOthers({ owner }: SharedFile): boolean {
    return owner !== this.#options.name;
  }
}
