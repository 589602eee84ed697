import { createHash } from "node:crypto";
import { cutBy } from "./exchanges.ts";
import type { Cut, Language } from "./exchanges.ts";

const keyShape = /^sec-websocket-key: *(\S+)/im;
const acceptShape = /^(sec-websocket-accept: *)\S+/im;
/** RFC 6455 §1.3. */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * A language spoken over WebSocket (RFC 6455): it begins with a request and an answer of HTTP, and then each frame of the other is one of its own.
 * What is neither (a ping, an end) is not heard.
 */
export function overWebSocket(inner: Language): Language {
  const frames = (within: () => Cut) => (): Cut => {
    const [unwrapped, cut] = [cutBy(endOfFrame), within()];
    let head: Buffer = Buffer.alloc(0);
    let isUpgraded = false;
    const heard = (bytes: Buffer): readonly Buffer[] =>
      unwrapped(bytes).flatMap((frame) => (isData(frame) ? cut(payloadOf(frame)) : []));
    return (bytes) => {
      if (isUpgraded) return heard(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return [];
      isUpgraded = true;
      return [head.subarray(0, end + 4), ...heard(head.subarray(end + 4))];
    };
  };
  return {
    questions: frames(() => inner.questions()),
    answers: frames(() => inner.answers()),
    questionOf: (answer, exchanges) =>
      isHttp(answer)
        ? exchanges.findIndex(({ question }) => isHttp(question))
        : inner.questionOf(
            answer,
            exchanges.map((one) => (isHttp(one.question) ? { ...one, question: Buffer.alloc(0) } : one)),
          ),
    names: (question) => (isHttp(question) ? ["http"] : inner.names(question)),
    isRepeated: (question) => isHttp(question) || inner.isRepeated(question),
    fitted(answer, fit) {
      if (!isHttp(answer)) return inner.fitted(answer, fit);
      const key = keyShape.exec(fit.question.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1")
        .update(key + acceptSuffix)
        .digest("base64");
      return Buffer.from(answer.toString("latin1").replace(acceptShape, `$1${accept}`), "latin1");
    },
    wrapped: (answer) => (isHttp(answer) ? answer : binaryFrame(answer)),
  };
}

function isHttp(frame: Buffer): boolean {
  return /^(?:GET |HTTP\/)/.test(frame.subarray(0, 5).toString("latin1"));
}

/** Opcodes 0, 1 and 2 (RFC 6455 §5.2). */
function isData(frame: Buffer): boolean {
  return ((frame[0] ?? 0) & 15) < 8;
}

function partsOf(
  frame: Buffer,
): { readonly begins: number; readonly length: number; readonly isMasked: boolean } | undefined {
  if (frame.length < 2) return undefined;
  const second = frame[1] ?? 0;
  const short = second & 127;
  const isMasked = second >= 128;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (frame.length < 2 + sizeBytes) return undefined;
  const length = sizeBytes === 0 ? short : sizeBytes === 2 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  return { begins: 2 + sizeBytes + (isMasked ? 4 : 0), length, isMasked };
}

function endOfFrame(bytes: Buffer): number | undefined {
  const parts = partsOf(bytes);
  return parts && parts.begins + parts.length;
}

function payloadOf(frame: Buffer): Buffer {
  const { begins = 0, isMasked = false } = partsOf(frame) ?? {};
  const payload = Buffer.from(frame.subarray(begins));
  if (isMasked) payload.forEach((byte, index) => (payload[index] = byte ^ (frame[begins - 4 + (index % 4)] ?? 0)));
  return payload;
}

function binaryFrame(payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(payload.length);
  return Buffer.concat([Buffer.from([0x82, 126]), size, payload]);
}
