import type { ApiProblem } from "./classify.ts";
import { beginsWith, numberIn } from "./text-in-bytes.ts";
import { textOf } from "./wire-message.ts";

/** What JetStream answers to a publish (`PubAck`). */
export interface PublishAnswer {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiProblem;
}

/** What a plain answer is but for its number, and the stream that it names: it is the same for all that one stream took. */
interface Plain {
  readonly begin: Uint8Array;
  readonly stream: string;
}

const plainAnswer = /^\{"stream":"[^"]*", ?(?:"domain":"[^"]*", ?)?"seq":/;
const closingBrace = 125;

/** Reads the answers to publishes. */
export class PublishAnswers {
  #plain: Plain = { begin: Uint8Array.of(0), stream: "" };

  /** Reads an answer: the position `stream/sequence` of what was simply taken, as nearly all is, which costs a twentieth of reading JSON. */
  read(bytes: Uint8Array): PublishAnswer | string {
    const { begin, stream } = this.#plain;
    const end = bytes.length - 1;
    if (bytes[end] === closingBrace && beginsWith(bytes, begin)) {
      const sequence = numberIn(bytes, begin.length, end);
      if (!Number.isNaN(sequence)) return `${stream}/${sequence}`;
    }
    return this.#parse(textOf(bytes));
  }

  #parse(text: string): PublishAnswer {
    try {
      const answer = JSON.parse(text) as PublishAnswer;
      const [begin] = plainAnswer.exec(text) ?? [];
      if (begin !== undefined && typeof answer.stream === "string")
        this.#plain = { begin: Buffer.from(begin), stream: answer.stream };
      return answer;
    } catch {
      return { error: { description: "the answer is none of JetStream's: somebody else answers on this subject" } };
    }
  }
}
