import type { Broker } from "@busbar/core/contract";

/** A way to the server that a law can hold and cut, with brokers at its end. */
export interface Link {
  /** Makes a new, unopened broker whose connections go this way, with the lease that is asked for. */
  create(clientName: string, options?: { readonly leaseMs?: number }): Broker | Promise<Broker>;
  /** Holds back everything the server says, until `release`. What brokers say still reaches the server. */
  holdAnswers(): void;
  /** Lets through what was held, and what follows. */
  release(): void;
  /** Throws away what either side says from now on and closes nothing, as a network that has gone silent, until `sever`. */
  swallow(): void;
  /** Cuts every connection at once, without a farewell to either side. New ones are taken, and carry what is said. */
  sever(): void;
  /** Cuts every connection and takes no new one, as a server that is down, until `accept`. */
  refuse(): void;
  /** Takes connections again. */
  accept(): void;
  /** How many connections are open. */
  readonly connections: number;
  /** Ends the link and every connection over it. */
  close(): Promise<void>;
}
