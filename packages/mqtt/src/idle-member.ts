import type { MqttClient } from "mqtt";

/** How often a member that is given nothing asks, in milliseconds. */
const everyMs = 1000;

/**
 * A member of a group on HiveMQ, which looks for somebody to give a message to only when the first one comes for a group that has none waiting, when a member has settled all
 * that it had, and when one subscribes. A member beside a busy one would be left idle over a full queue: so it subscribes again while nothing comes.
 */
export class IdleMember {
  #isIdle = true;

  /** Calls `ask` again and again while nothing arrives, until the connection is gone. */
  constructor(client: MqttClient, ask: () => void) {
    const timer = setInterval(() => {
      if (this.#isIdle) ask();
      this.#isIdle = true;
    }, everyMs);
    // A number in browsers.
    if (typeof timer === "object") timer.unref();
    client.once("close", () => clearInterval(timer));
  }

  /** Something came. */
  arrived(): void {
    this.#isIdle = false;
  }
}
