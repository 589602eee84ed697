import { Socket } from "node:net";
import { vi } from "vitest";

/** Resolves once a socket of this process has been given bytes to send that have this text in them, from the call on. */
export function givenToSocket(text: string): Promise<void> {
  const { write } = Socket.prototype;
  return new Promise((resolve) => {
    const spy = vi.spyOn(Socket.prototype, "write").mockImplementation(function (this: Socket, ...given) {
      const [bytes] = given as readonly (string | Uint8Array)[];
      const more = (write as (...all: unknown[]) => boolean).apply(this, given);
      if (typeof bytes === "string" ? bytes.includes(text) : Buffer.from(bytes ?? "").includes(text)) {
        spy.mockRestore();
        resolve();
      }
      return more;
    });
  });
}
