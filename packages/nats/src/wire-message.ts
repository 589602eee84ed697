import type { MsgHdrs } from "@nats-io/nats-core";

/** The parts of a message that a record is made from; a stored one has them too. */
export interface WireMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  /** The bytes of subject, reply subject, headers and data together, where the client tells. */
  size?(): number;
  /** Where a request of core NATS is to be answered; in a stream it means something else. */
  readonly reply?: string | undefined;
}
