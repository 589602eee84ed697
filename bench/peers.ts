import type { Case } from "./case.ts";
import type { Delivery } from "./measurement.ts";

/** A framework that is measured beside the bus, on one broker at one level. */
export interface Peer {
  readonly client: string;
  readonly on: string;
  readonly delivery: Delivery;
  /** What it promises in this measurement, what it does unless told otherwise. */
  readonly promise: string;
}

/** Each with its nearest guarantee, which is rarely the same. */
export const peers: readonly Peer[] = [
  {
    client: "nest",
    on: "mqtt",
    delivery: "at-least-once",
    promise: "QoS 1 both ways, acknowledged before the handler, no session; by default QoS 0",
  },
  {
    client: "nest",
    on: "amqp",
    delivery: "at-least-once",
    promise: "confirmed, persistent, acknowledged by the handler; by default not persistent and acknowledged when sent",
  },
  {
    client: "nest",
    on: "kafka",
    delivery: "at-least-once",
    promise: "acks all, one request a message, a failed handler's message is committed; its default",
  },
  { client: "nest", on: "nats", delivery: "at-most-once", promise: "core NATS; its default, there is no JetStream" },
  {
    client: "moleculer",
    on: "amqp",
    delivery: "at-least-once",
    promise:
      "not confirmed, persistent, acknowledged after the handler, waits while its client's buffer is full; by default not persistent, one message at a time, here 256, and a full buffer rejects",
  },
  {
    client: "moleculer",
    on: "nats",
    delivery: "at-least-once",
    promise: "JetStream, confirmed, acknowledged after the handler; by default one message at a time, here 256",
  },
  {
    client: "moleculer",
    on: "kafka",
    delivery: "at-least-once",
    promise: "acks all, one request a message, one commit a message; its default",
  },
  { client: "moleculer", on: "nats", delivery: "at-most-once", promise: "balanced events over core NATS; its default" },
];

/** End to end with the peers that there are for a broker, beside expert and bus. */
export function peerCases(on: string): readonly Case[] {
  return (["at-least-once", "at-most-once"] as const).flatMap((delivery): Case[] => {
    const names = peers.filter((peer) => peer.on === on && peer.delivery === delivery).map(({ client }) => client);
    if (names.length === 0) return [];
    return [
      {
        section: "peers",
        on,
        workload: "end-to-end",
        delivery,
        clients: ["expert", "bus", ...names],
        change: "beside peers",
      },
    ];
  });
}
