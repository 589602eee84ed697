/** What this adapter knows of kafkajs 2.2.4 beyond its published types. */

declare module "kafkajs/src/network/requestQueue/index.js" {
  /** The requests of one connection. */
  class RequestQueue {
    readonly pending: readonly unknown[];
    /** Milliseconds since the epoch; below zero where the broker never asked to be spared. */
    readonly throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}

declare module "kafkajs/src/protocol/requests/produce/index.js" {
  interface BatchAnswer {
    readonly partition: number;
    readonly errorCode: number;
    readonly baseOffset: string;
  }
  interface ProduceRequest {
    readonly request: { readonly encode: () => Promise<unknown> };
    readonly response: {
      readonly decode: (bytes: Buffer) => Promise<{
        readonly topics: readonly { readonly partitions: readonly BatchAnswer[] }[];
      }>;
    };
  }
  /** A request in its versions. */
  const produce: {
    readonly versions: readonly string[];
    protocol(chosen: { version: number }): (request: { acks: number; topicData: readonly [] }) => ProduceRequest;
  };
  export default produce;
}

declare module "kafkajs/src/protocol/encoder.js" {
  class Encoder {
    constructor(initialBytes: number);
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeString(value: string | null): this;
    writeBuffer(value: Buffer): this;
  }
  export default Encoder;
}

declare module "kafkajs/src/protocol/error.js" {
  const protocolErrors: { createErrorFromCode(code: number): Error };
  export default protocolErrors;
}

declare module "kafkajs/src/protocol/recordBatch/crc32C/index.js" {
  function crc32c(bytes: Buffer): number;
  export default crc32c;
}
