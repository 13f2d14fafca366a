import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { DeviceSwitch, type OpenDevice } from "./device_switch.ts";

/** A device whose opening and stopping end when the test says so; writes what happens to `log`. */
function fakeDevice(log: string[]) {
  const opening: PromiseWithResolvers<OpenDevice>[] = [];
  const stopping: PromiseWithResolvers<void>[] = [];
  const device: OpenDevice = {
    stop: () => {
      log.push("stop");
      stopping.push(Promise.withResolvers<void>());
      return stopping.at(-1)!.promise;
    },
  };
  const open = (): Promise<OpenDevice> => {
    log.push("open");
    opening.push(Promise.withResolvers<OpenDevice>());
    return opening.at(-1)!.promise;
  };
  return {
    open,
    device,
    opened: () => opening.shift()!.resolve(device),
    broken: (why: string) => opening.shift()!.reject(new Error(why)),
    stopped: () => stopping.shift()!.resolve(),
  };
}

/** Lets all promises that are settled take effect. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("DeviceSwitch.set() stops at once and opens again only when the device is free", async () => {
  const log: string[] = [];
  const fake = fakeDevice(log);
  const device = new DeviceSwitch({ open: fake.open, failed: (error) => log.push(String(error)) });
  const on = device.set(true);
  strictEqual(device.device, undefined);
  fake.opened();
  await on;
  strictEqual(device.device, fake.device);
  device.set(false);
  deepStrictEqual(log, ["open", "stop"]);
  strictEqual(device.device, undefined, "nothing is taken from it any more");
  const again = device.set(true);
  await settle();
  deepStrictEqual(log, ["open", "stop"], "not yet free");
  fake.stopped();
  await settle();
  fake.opened();
  await again;
  deepStrictEqual(log, ["open", "stop", "open"]);
});

Deno.test("DeviceSwitch.set() lets go of a device that was switched off while it opened", async () => {
  const log: string[] = [];
  const fake = fakeDevice(log);
  const device = new DeviceSwitch({ open: fake.open, failed: (error) => log.push(String(error)) });
  device.set(true);
  const off = device.set(false);
  fake.opened();
  await settle();
  fake.stopped();
  await off;
  deepStrictEqual(log, ["open", "stop"]);
  strictEqual(device.device, undefined);
});

Deno.test("DeviceSwitch.reopen() opens anew what is open or being opened, once, and nothing else", async () => {
  const log: string[] = [];
  const fake = fakeDevice(log);
  const device = new DeviceSwitch({ open: fake.open, failed: (error) => log.push(String(error)) });
  await device.reopen();
  deepStrictEqual(log, [], "it is off");
  const on = device.set(true);
  device.reopen();
  device.reopen();
  fake.opened();
  await settle();
  fake.stopped();
  await settle();
  fake.opened();
  await on;
  deepStrictEqual(log.splice(0), ["open", "stop", "open"], "asked for while it opened");
  const again = device.reopen();
  const off = device.set(false);
  fake.stopped();
  await Promise.all([again, off]);
  deepStrictEqual(log.splice(0), ["stop"], "switched off meanwhile");
  const anew = device.set(true);
  fake.opened();
  await anew;
  deepStrictEqual(log, ["open"]);
});

Deno.test("DeviceSwitch reports what cannot be opened once, and tries again when it is switched on again", async () => {
  const log: string[] = [];
  const fake = fakeDevice(log);
  const device = new DeviceSwitch({
    open: fake.open,
    failed: (error) => log.push((error as Error).message),
  });
  const on = device.set(true);
  fake.broken("busy");
  await on;
  deepStrictEqual(log, ["open", "busy"]);
  const again = device.set(true);
  fake.opened();
  await again;
  strictEqual(device.device, fake.device);
});
