import { EventEmitter } from "node:events";
import type { MqttClient } from "mqtt";
import { describe, expect, it } from "vitest";
import { InboundFlow } from "../src/inbound-flow.ts";

/** As much of a client of mqtt.js as the flow uses. */
class FakeClient extends EventEmitter {
  readonly options = {};
  readonly sent: number[] = [];
  connected = true;
  keepalive = 60;
  pings = 0;
  handleMessage: MqttClient["handleMessage"] = () => {};

  _sendPacket({ messageId }: { messageId: number }): void {
    this.sent.push(messageId);
  }

  sendPing(): void {
    this.pings++;
    setImmediate(() => this.emit("packetreceive", { cmd: "pingresp" }));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function flowOf(): { client: FakeClient; flow: InboundFlow } {
  const client = new FakeClient();
  return { client, flow: new InboundFlow(client as unknown as MqttClient, () => {}) };
}

describe("the inbound flow", () => {
  it("writes the acknowledgements of one turn together", async () => {
    const { client, flow } = flowOf();
    for (const messageId of [2, 1, 3]) flow.acknowledge({ messageId, qos: 1, unwritten: () => expect.unreachable() });
    expect(client.sent).toEqual([]);
    await turn();
    expect(client.sent).toEqual([2, 1, 3]);
  });

  it("flushes by a ping, which is answered after them", async () => {
    const { client, flow } = flowOf();
    flow.acknowledge({ messageId: 1, qos: 1, unwritten: () => expect.unreachable() });
    const flushed = flow.flush();
    expect(client.sent).toEqual([1]);
    await flushed;
    expect(client.pings).toBe(1);
  });

  it("tells of an acknowledgement that came too late to be written", async () => {
    const { client, flow } = flowOf();
    const errors: Error[] = [];
    flow.acknowledge({ messageId: 1, qos: 1, unwritten: (error) => errors.push(error) });
    client.connected = false;
    await turn();
    expect(client.sent).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ code: "BUSBAR_CONNECTION" })]);
  });

  it("never lets mqtt.js acknowledge by itself, and stops it at the next message when held", () => {
    const { client, flow } = flowOf();
    const answers: unknown[] = [];
    client.handleMessage({} as never, (error) => answers.push(error));
    expect(answers).toEqual([expect.any(Error)]);
    flow.hold(true);
    client.handleMessage({} as never, (error) => answers.push(error));
    expect(answers).toHaveLength(1);
    flow.hold(false);
    expect(answers).toEqual([expect.any(Error), expect.any(Error)]);
    flow.hold(false);
    expect(answers).toHaveLength(2);
  });
});
