import { cutBy } from "./exchanges.ts";
import type { Cut, Language } from "./exchanges.ts";

/** Four bytes of a length, and as many bytes. */
const frames = (): Cut => cutBy((bytes) => (bytes.length < 4 ? undefined : 4 + bytes.readUInt32BE()));

/** An empty fetch is answered late, and the next one follows at once. */
const fetch = 1;

/** Kafka's protocol: its clients ask several things at once, each by a number. */
export const kafkaLanguage: Language = {
  questions: frames,
  answers: frames,
  questionOf: (answer, exchanges) =>
    exchanges.findLastIndex(({ question }) => question.length > 0 && question.readInt32BE(8) === answer.readInt32BE(4)),
  names: (question) => (question.length === 0 ? [] : [withoutNumber(question), String(kindOf(question))]),
  isRepeated: (question) => kindOf(question) !== fetch,
  fitted(answer, { question }) {
    const numbered = Buffer.from(answer);
    question.copy(numbered, 4, 8, 12);
    return numbered;
  },
};

/** `api_key` (https://kafka.apache.org/protocol.html#protocol_messages). */
function kindOf(question: Buffer): number {
  return question.readInt16BE(4);
}

/** All but `correlation_id`. */
function withoutNumber(question: Buffer): string {
  return Buffer.concat([question.subarray(4, 8), question.subarray(12)]).toString("latin1");
}
