import type { InboundRecord } from "../contract/index.ts";

/** One of the places a subscription reads from: several where its filter lies on several brokers or folds. */
export interface IntakeSource {
  /** Keeps the positions of several sources apart; empty for the first. */
  readonly prefix: string;
  /** The broker's name in the configuration. */
  readonly broker: string;
  /** The topic of a record, or `undefined` where it cannot be told. Never throws. */
  readonly topicOf: (record: InboundRecord) => string | undefined;
}
