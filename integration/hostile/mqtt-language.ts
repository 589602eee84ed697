import { cutBy, withRandomOf } from "./exchanges.ts";
import type { Cut, Language } from "./exchanges.ts";

/** Types of packets (MQTT 5.0 §2.1.2). */
const [CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP] = [
  1, 2, 3, 4, 8, 9, 10, 11, 12, 13,
];
/** What type of question each type of answer belongs to. */
const questionTypes: Readonly<Record<number, number | undefined>> = {
  [CONNACK]: CONNECT,
  [PUBACK]: PUBLISH,
  [SUBACK]: SUBSCRIBE,
  [UNSUBACK]: UNSUBSCRIBE,
  [PINGRESP]: PINGREQ,
};

/** Part of a client id, of a message's id, and of a topic that is made up to be looked for. */
const random = /[0-9a-f]{8}-[0-9a-f]{4}(?:-[0-9a-f]{4}){0,2}(?:-[0-9a-f]{12})?/g;

/** A byte, a length, and as many bytes (MQTT 5.0 §2.1). */
const frames = (): Cut =>
  cutBy((bytes) => {
    const { begins, length } = bodyOf(bytes) ?? {};
    return begins === undefined || length === undefined ? undefined : begins + length;
  });

/** MQTT, 3.1.1 as well as 5.0. */
export const mqttLanguage: Language = {
  questions: frames,
  answers: frames,
  questionOf(answer, exchanges) {
    const type = typeOf(answer);
    // A message comes because it was subscribed to, now or before.
    if (type === PUBLISH) {
      const subscribed = exchanges.findLastIndex(({ question }) => typeOf(question) === SUBSCRIBE);
      return subscribed === -1 ? exchanges.findLastIndex(({ question }) => typeOf(question) === CONNECT) : subscribed;
    }
    const number = numberAt(answer);
    return exchanges.findLastIndex(
      ({ question }) => typeOf(question) === questionTypes[type] && numberAt(question) === number,
    );
  },
  names(question) {
    const { begins = 0 } = bodyOf(question) ?? {};
    const type = typeOf(question);
    const at = numberPlace(question);
    const said =
      type === PUBLISH
        ? question.subarray(begins, at)
        : Buffer.concat([question.subarray(begins, at), question.subarray((at ?? question.length) + 2)]);
    return question.length === 0 ? [] : [`${type} ${said.toString("latin1").replaceAll(random, "?")}`, String(type)];
  },
  isRepeated: () => true,
  fitted(answer, fit) {
    const fitted = withRandomOf(answer, random, fit);
    const [at, from] = [numberPlace(fitted), numberPlace(fit.question)];
    if (typeOf(answer) !== PUBLISH && at !== undefined && from !== undefined)
      fit.question.copy(fitted, at, from, from + 2);
    return fitted;
  },
};

function typeOf(packet: Buffer): number {
  return (packet[0] ?? 0) >> 4;
}

function bodyOf(bytes: Buffer): { readonly begins: number; readonly length: number } | undefined {
  let length = 0;
  for (let index = 1; index < bytes.length && index <= 4; index++) {
    const byte = bytes[index] ?? 0;
    length += (byte & 127) * 128 ** (index - 1);
    if (byte < 128) return { begins: index + 1, length };
  }
  return undefined;
}

/** Where the packet says its number; `undefined` where it has none. */
function numberPlace(packet: Buffer): number | undefined {
  const { begins = 0 } = bodyOf(packet) ?? {};
  if (typeOf(packet) === PUBLISH) {
    const hasNumber = ((packet[0] ?? 0) & 0b110) !== 0;
    return hasNumber ? begins + 2 + packet.readUInt16BE(begins) : undefined;
  }
  return [PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK].includes(typeOf(packet)) ? begins : undefined;
}

function numberAt(packet: Buffer): number | undefined {
  const place = numberPlace(packet);
  return place === undefined ? undefined : packet.readUInt16BE(place);
}
