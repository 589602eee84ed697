import { Socket } from "node:net";
import { vi } from "vitest";

/** Collects the sockets that clients open until `stop`: every client here turns Nagle's algorithm off, and a proxy does not do it this way. */
export function spiedSockets(): { readonly sockets: ReadonlySet<Socket>; readonly stop: () => void } {
  const sockets = new Set<Socket>();
  const { setNoDelay } = Socket.prototype;
  const spy = vi.spyOn(Socket.prototype, "setNoDelay").mockImplementation(function (this: Socket, on?: boolean) {
    sockets.add(this);
    return setNoDelay.call(this, on);
  });
  return { sockets, stop: () => spy.mockRestore() };
}
