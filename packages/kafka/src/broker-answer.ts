/** An error that a broker answered with, by the name that `classify.ts` knows it by. */
export class BrokerAnswer extends Error {
  override readonly name = "KafkaProtocolError";
  readonly type: string;

  constructor(type: string, cause?: unknown) {
    super(type, { cause });
    this.type = type;
  }
}
