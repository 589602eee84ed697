import { cutBy } from "./exchanges.ts";
import type { Cut, Exchange, Language } from "./exchanges.ts";

/** Types of frames (AMQP 0-9-1 §2.3.5). */
const [METHOD, HEARTBEAT] = [1, 8];
/** Around a payload: type, channel and size before it, a byte behind it. */
const headBytes = 7;
const frameEnd = 1;
/** With what a client begins, instead of a frame. */
const protocolHeader = "AMQP";

/** Methods, as class and method. */
const [publish, returned, deliver, getOk] = ["60.40", "60.50", "60.60", "60.71"];
const haveContent = [publish, returned, deliver, getOk];
const channelOpen = "20.10";
/** What a method answers, where that is not the method before it. */
const answersTo: Readonly<Record<string, string>> = {
  "10.10": protocolHeader,
  "10.30": "10.11",
  [returned]: publish,
  [deliver]: "60.20",
  [getOk]: "60.70",
  "60.72": "60.70",
  "60.80": publish,
  "60.120": publish,
};

/** A method, with the content that belongs to it. */
const frames = (): Cut => cutBy(endOf);

/** AMQP 0-9-1, with RabbitMQ's confirms. */
export const amqpLanguage: Language = {
  questions: frames,
  answers: frames,
  questionOf(answer, exchanges) {
    if (answer[0] === HEARTBEAT) return -1;
    const [said, channel] = [methodOf(answer), answer.readUInt16BE(1)];
    const asked = answersTo[said] ?? said.replace(/\d+$/, (method) => String(Number(method) - 1));
    const places = exchanges.flatMap(({ question }, index) =>
      methodOf(question) === asked && (asked === protocolHeader || question.readUInt16BE(1) === channel) ? [index] : [],
    );
    // A confirm says which publish it is for; whatever else is answered in the order in which it was asked.
    if (said === "60.80") return places[Number(answer.readBigUInt64BE(headBytes + 4)) - 1] ?? -1;
    if (said === deliver) return places.at(-1) ?? -1;
    return places.find((index) => !isAnswered(exchanges[index])) ?? places.at(-1) ?? -1;
  },
  names(question) {
    if (question.length === 0 || question[0] === HEARTBEAT) return [];
    const method = methodOf(question);
    const end = headBytes + (method === protocolHeader ? 1 : question.readUInt32BE(3));
    return [question.subarray(1, end).toString("latin1"), method];
  },
  isRepeated: () => true,
  fitted(answer, { question, earlier }) {
    const fitted = Buffer.from(answer);
    if (methodOf(question) === protocolHeader) return fitted;
    for (let at = 0; at < fitted.length; at += sizeAt(fitted, at) ?? fitted.length) question.copy(fitted, at + 1, 1, 3);
    if (methodOf(answer) === "60.80") fitted.writeBigUInt64BE(BigInt(tagOf(question, earlier)), headBytes + 4);
    return fitted;
  },
};

function isAnswered(exchange: Exchange | undefined): boolean {
  return exchange !== undefined && exchange.answers.length > 0;
}

/** Which publish of its channel this is, from one. */
function tagOf(question: Buffer, earlier: readonly Buffer[]): number {
  const ofChannel = earlier.filter(
    (one) => one.length > headBytes && one.subarray(1, 3).equals(question.subarray(1, 3)),
  );
  const opened = ofChannel.findLastIndex((one) => methodOf(one) === channelOpen);
  return 1 + ofChannel.slice(opened + 1).filter((one) => methodOf(one) === publish).length;
}

function methodOf(frame: Buffer): string {
  if (frame.subarray(0, 4).equals(Buffer.from(protocolHeader))) return protocolHeader;
  if (frame[0] !== METHOD) return "";
  return `${frame.readUInt16BE(headBytes)}.${frame.readUInt16BE(headBytes + 2)}`;
}

/** How long the frame is that begins here; `undefined` while too little of it is there. */
function sizeAt(bytes: Buffer, at: number): number | undefined {
  return bytes.length < at + headBytes ? undefined : headBytes + bytes.readUInt32BE(at + 3) + frameEnd;
}

function endOf(bytes: Buffer): number | undefined {
  if (bytes.subarray(0, 4).toString("latin1") === protocolHeader) return 8;
  const first = sizeAt(bytes, 0);
  if (first === undefined || bytes.length < first || !haveContent.includes(methodOf(bytes))) return first;
  const header = sizeAt(bytes, first);
  if (header === undefined || bytes.length < first + header) return undefined;
  // Behind class and weight.
  const whole = Number(bytes.readBigUInt64BE(first + headBytes + 4));
  let end = first + header;
  for (let bodyBytes = 0; bodyBytes < whole;) {
    const body = sizeAt(bytes, end);
    if (body === undefined) return undefined;
    bodyBytes += body - headBytes - frameEnd;
    end += body;
  }
  return end;
}
