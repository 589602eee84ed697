import { NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";

let taught = false;

/**
 * Has the client hang up where it gives a server up that took its call and never said anything. It closes no socket by itself that is not
 * connected in its own sense, so the last one that it dialled would stay open and keep the process alive for as long as that server likes. Reaches behind
 * the client's types, once for all connections of this process: a first dial that fails gives nobody an object to ask it of.
 */
export function hangUpOnTheSilent(): void {
  if (taught) return;
  taught = true;
  const close = Object.getOwnPropertyDescriptor(NodeTransport.prototype, "close")?.value as NodeTransport["close"];
  NodeTransport.prototype.close = function hangUp(this: NodeTransport, error?: Error): Promise<void> {
    if (!this.connected) this.discard();
    return close.call(this, error);
  };
}
