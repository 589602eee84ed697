import type { Broker } from "@busbar/core/contract";

/** A way to the server that a law can hold and cut, with brokers at its end. */
export interface Link {
  /** Makes a new, unopened broker whose connections go this way. */
  create(clientName: string): Broker | Promise<Broker>;
  /** Holds back everything the server says, until `release`. What brokers say still reaches the server. */
  holdAnswers(): void;
  /** Lets through what was held, and what follows. */
  release(): void;
  /** Cuts every connection at once, without a farewell to either side. New ones are taken. */
  sever(): void;
  /** Ends the link and every connection over it. */
  close(): Promise<void>;
}
