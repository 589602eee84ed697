import type { ApiProblem } from "./classify.ts";

/** What JetStream answers to a publish (`PubAck`). */
export interface PublishAnswer {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiProblem;
}

/** What a plain answer is but for its number, and the stream that it names: it is the same for all that one stream took. */
interface Plain {
  readonly begin: string;
  readonly stream: string;
}

const plainAnswer = /^\{"stream":"[^"]*", ?(?:"domain":"[^"]*", ?)?"seq":/;

/** Reads the answers to publishes. */
export class PublishAnswers {
  #plain: Plain = { begin: "\0", stream: "" };

  /** Reads an answer: the position `stream/sequence` of what was simply taken, as nearly all is, which costs a third of reading JSON. */
  read(text: string): PublishAnswer | string {
    const { begin, stream } = this.#plain;
    if (text.startsWith(begin)) {
      const end = text.length - 1;
      if (isWholeNumber(text, begin.length, end) && text.endsWith("}"))
        return `${stream}/${text.slice(begin.length, end)}`;
    }
    return this.#parse(text);
  }

  #parse(text: string): PublishAnswer {
    try {
      const answer = JSON.parse(text) as PublishAnswer;
      const [begin] = plainAnswer.exec(text) ?? [];
      if (begin !== undefined && typeof answer.stream === "string") this.#plain = { begin, stream: answer.stream };
      return answer;
    } catch {
      return { error: { description: "the answer is none of JetStream's: somebody else answers on this subject" } };
    }
  }
}

/** By hand, as it is asked of each answer. */
function isWholeNumber(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return from < to;
}
