import { readFileSync } from "node:fs";
import { revived } from "./conversation.ts";
import type { Conversation, KeptConversation } from "./conversation.ts";
import type { Language } from "./exchanges.ts";
import { languages } from "./languages.ts";
import { recordedServers } from "./recorded-servers.ts";
import type { RecordedServer } from "./recorded-servers.ts";

/** What is known of a server from outside. */
export interface Protocol extends RecordedServer {
  readonly conversation: Conversation;
  readonly language: Language;
  /** Frames that no server sends: of a size that nobody has, or of none; each is all that is said. */
  readonly monsters: Readonly<Record<string, Buffer>>;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

const kafkaMonsters = {
  "an answer of 2 GB": hex("7f ff ff ff 00 00 00 00"),
  "an answer of less than nothing": hex("ff ff ff ff 00 00 00 00"),
  "an answer too short for the number that it begins with": hex("00 00 00 01 00"),
  "an answer to nobody": hex("00 00 00 08 7f 00 00 00 00 00 00 00"),
  "an array of 2 billion": hex("00 00 00 0e 00 00 00 00 00 00 7f ff ff ff 00 00 00 00"),
};

const mqttMonsters = {
  "a packet of 256 MB": hex("20 ff ff ff 7f 00 00"),
  "a length that never ends": hex("20 ff ff ff ff ff ff ff ff"),
  "a packet of no type": hex("00 00 f0 00"),
  "properties longer than their packet": hex("20 05 00 00 ff ff 7f"),
};

const monsters: Readonly<Record<RecordedServer["protocol"], Readonly<Record<string, Buffer>>>> = {
  mqtt: mqttMonsters,
  ws: {
    "another protocol": Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhaha"),
    "headers that never end": Buffer.concat([Buffer.from("HTTP/1.1 101 "), Buffer.alloc(2_000_000, "A: a\r\n")]),
    "a key that is another's": Buffer.from(
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n",
    ),
  },
  amqp: {
    "a frame of 4 GB": hex("01 00 00 ff ff ff fe 00 0a 00 0a"),
    "a frame without its end": Buffer.concat([hex("01 00 00 00 00 00 04 00 0a 00 0a"), Buffer.alloc(64)]),
    "another version": Buffer.from("AMQP\0\u0001\0\0"),
    "a table within a table, very deep": deepTable(),
  },
  nats: {
    "a line that never ends": Buffer.alloc(2_000_000, "A"),
    "JSON of a depth that nobody has": Buffer.from(`INFO ${"[".repeat(200_000)}\r\n`),
    "a prototype for a server": Buffer.from('INFO {"__proto__":{"max_payload":-1},"constructor":null}\r\n'),
    "a message of 2 GB": Buffer.from(
      'INFO {"server_id":"x","version":"2.9.10","max_payload":9}\r\nMSG a 1 2147483647\r\n',
    ),
  },
  kafka: kafkaMonsters,
  "kafka-platformatic": {
    ...kafkaMonsters,
    // Answers to a question about the brokers, of as many as a compact array says.
    "a compact array of 4 billion": hex("00 00 00 0f 00 00 00 00 00 00 00 00 00 ff ff ff ff 0f 00"),
    "a compact array whose length never ends": hex(
      "00 00 00 13 00 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff ff ff",
    ),
  },
  redis: {
    "a text of 9 GB": Buffer.from("$9999999999\r\n"),
    "an array of 4 billion": Buffer.from("*4294967295\r\n"),
    "arrays within arrays, very deep": Buffer.from("*1\r\n".repeat(200_000)),
    "a type that there is none of": Buffer.from("@hello\r\n?\r\n"),
  },
};

/** Each server with a conversation that was recorded from it (`record.ts`). */
export const protocols: readonly Protocol[] = recordedServers.map((recorded) => ({
  ...recorded,
  conversation: kept(recorded.name),
  language: languages[recorded.protocol],
  monsters: monsters[recorded.protocol],
}));

/** One of each protocol, for what has nothing to do with what a server once said. */
export const oneOfEach: readonly Protocol[] = protocols.filter(
  ({ protocol }, index) => protocols.findIndex((other) => other.protocol === protocol) === index,
);

function kept(name: string): Conversation {
  const text = readFileSync(new URL(`${name}.json`, import.meta.url), "utf8");
  return revived(JSON.parse(text) as KeptConversation);
}

/** Connection.Start with server properties of ten thousand tables, one within the other. */
function deepTable(): Buffer {
  const depth = 10_000;
  let table = Buffer.alloc(4);
  const opening = Buffer.from("\u0001aF");
  const parts: Buffer[] = [table];
  let size = 4;
  for (let level = 0; level < depth; level++) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(size + opening.length);
    parts.unshift(length, opening);
    size += length.length + opening.length;
  }
  table = Buffer.concat(parts);
  const head = hex("01 00 00 00 00 00 00 00 0a 00 0a 00 09");
  head.writeUInt32BE(6 + table.length, 3);
  return Buffer.concat([head, table, Buffer.from([0xce])]);
}
