import Encoder from "kafkajs/src/protocol/encoder.js";
import produce from "kafkajs/src/protocol/requests/produce/index.js";
import type { WriteRequest } from "../record-producer.ts";

/** A produce request, and how its answer is read, as a connection of kafkajs takes them. */
export interface ProduceRequest {
  readonly request: { readonly encode: () => Promise<unknown> };
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<ProduceAnswer>;
    readonly parse: (answer: ProduceAnswer) => Promise<ProduceAnswer>;
  };
}

/** What became of each batch, as kafkajs reads it. */
export interface ProduceAnswer {
  readonly topics: readonly { readonly partitions: readonly BatchAnswer[] }[];
}

/** What became of one batch. */
export interface BatchAnswer {
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: string;
}

/** A request in all of its versions, as kafkajs chooses among them. */
export interface ProduceRequests {
  readonly versions: readonly string[];
  protocol(chosen: { version: number }): (request: WriteRequest) => ProduceRequest;
}

/** The first version that takes record batches as they are written today. */
const firstVersion = 3;
/** What stands in a request beside topic and batches, with room to spare. */
const envelopeBytes = 64;

/** kafkajs's produce requests with batches that are made already: its own writer makes a growing buffer of every record. */
export const produceRequests: ProduceRequests = {
  versions: produce.versions.filter((version) => Number(version) >= firstVersion),
  protocol(chosen) {
    const kafkajsRequest = produce.protocol(chosen);
    return (written) => {
      const { request, response } = kafkajsRequest({ acks: written.acks, topicData: [] });
      return {
        request: { ...request, encode: () => Promise.resolve(encode(written)) },
        response: { decode: response.decode, parse: (answer) => Promise.resolve(answer) },
      };
    };
  },
};

function encode({ topic, batches, acks, timeoutMs, transactionalId }: WriteRequest): Encoder {
  let bytes = envelopeBytes + topic.length;
  for (const { batch } of batches) bytes += 8 + batch.length;
  const encoder = new Encoder(bytes)
    .writeString(transactionalId)
    .writeInt16(acks)
    .writeInt32(timeoutMs)
    .writeInt32(1)
    .writeString(topic)
    .writeInt32(batches.length);
  for (const { partition, batch } of batches) encoder.writeInt32(partition).writeInt32(batch.length).writeBuffer(batch);
  return encoder;
}
