/** A device that is open. */
export interface OpenDevice {
  /** Releases it; resolves when it is free for others. */
  stop(): Promise<void>;
}

/**
 * Keeps one device open exactly while it is wanted, however fast that changes: it is let go of at once, and
 * opened again only when it is free.
 */
export class DeviceSwitch<Device extends OpenDevice> {
  readonly #open: () => Promise<Device>;
  readonly #failed: (error: unknown) => void;
  #wanted = false;
  #device: Device | undefined;
  #settling: Promise<void> | undefined;
  /** What is open, or being opened, is to be opened anew. */
  #isStale = false;

  /** @param options.failed It could not be opened (or stopped); it is not tried again until it is switched on again. */
  constructor(options: { open: () => Promise<Device>; failed: (error: unknown) => void }) {
    this.#open = options.open;
    this.#failed = options.failed;
  }

  /** The open device, while it is wanted. */
  get device(): Device | undefined {
    return this.#wanted ? this.#device : undefined;
  }

  /** Resolves when the device is as wanted. */
  set(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    return this.#settling ??= this.#settle().finally(() => this.#settling = undefined);
  }

  /** Opens it anew where it is open or being opened; resolves when that is done. */
  reopen(): Promise<void> {
    this.#isStale = true;
    return this.set(this.#wanted);
  }

  async #settle(): Promise<void> {
    while (this.#wanted !== (this.#device !== undefined) || (this.#device && this.#isStale)) {
      try {
        if (this.#device) await this.#stop();
        else {
          this.#isStale = false;
          this.#device = await this.#open();
        }
      } catch (error) {
        this.#wanted = false;
        this.#failed(error);
      }
    }
  }

  async #stop(): Promise<void> {
    const device = this.#device;
    try {
      await device?.stop();
    } finally {
      this.#device = undefined;
    }
  }
}
