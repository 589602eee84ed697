/** The frames in these bytes that are complete, and what is left: four bytes of a length, and as many bytes. */
export function framesOf(bytes: Buffer): { readonly frames: readonly Buffer[]; readonly rest: Buffer } {
  const frames: Buffer[] = [];
  let rest = bytes;
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
    const end = 4 + rest.readUInt32BE();
    frames.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

/** An empty fetch is answered late, and the next one follows at once. */
const fetch = 1;

/**
 * What a Kafka once answered, by question: its clients ask several things at once, over connections that come in one order or another. A question
 * is given the next answer that the same one was once given, or else one of its kind; when all were given, the last again.
 */
export class KafkaAnswers {
  readonly #bySame = new Map<string, Buffer[]>();
  readonly #byKind = new Map<number, Buffer[]>();

  /** Both by connection, and each answer where its question is. */
  constructor(questions: readonly (readonly Buffer[])[], answers: readonly (readonly Buffer[])[]) {
    questions.flat().forEach((question, index) => {
      const answer = answers.flat()[index];
      if (answer === undefined) return;
      push(this.#bySame, withoutNumber(question), answer);
      push(this.#byKind, kindOf(question), answer);
    });
  }

  to(question: Buffer): Buffer | undefined {
    const kind = kindOf(question);
    const answers = this.#bySame.get(withoutNumber(question)) ?? this.#byKind.get(kind) ?? [];
    const answer = answers.length === 1 && kind !== fetch ? answers[0] : answers.shift();
    if (answer === undefined) return undefined;
    const numbered = Buffer.from(answer);
    question.copy(numbered, 4, 8, 12);
    return numbered;
  }
}

/** `api_key` (https://kafka.apache.org/protocol.html#protocol_messages). */
function kindOf(question: Buffer): number {
  return question.readInt16BE(4);
}

/** All but `correlation_id`. */
function withoutNumber(question: Buffer): string {
  return Buffer.concat([question.subarray(4, 8), question.subarray(12)]).toString("latin1");
}

function push<Key>(lists: Map<Key, Buffer[]>, key: Key, item: Buffer): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
