/** Cuts what comes of one side of a connection into frames; keeps what is not complete for the next time. */
export type Cut = (bytes: Buffer) => readonly Buffer[];

/** What of a protocol tells which answer belongs to which question. */
export interface Language {
  /** Begins to cut what a client says on a new connection. */
  questions(): Cut;
  /** Begins to cut what a server says on a new connection. */
  answers(): Cut;
  /** Which of these an answer belongs to: all that was asked on its connection before, the first of which is empty, for what is said unasked. -1: none. */
  questionOf(answer: Buffer, exchanges: readonly Exchange[]): number;
  /** What makes two questions the same, the closest first. */
  names(question: Buffer): readonly string[];
  /** Whether the last answer is given again when all were given. */
  isRepeated(question: Buffer): boolean;
  /** The answer as it would be to this question, which has numbers of its own. */
  fitted(answer: Buffer, to: Fit): Buffer;
  /** What goes over the wire, where that is more than the frame. @default the frame */
  wrapped?(answer: Buffer): Buffer;
}

/** The question that was answered, the one that is, and all that were asked before it on its connection. */
export interface Fit {
  readonly recorded: Buffer;
  readonly question: Buffer;
  readonly earlier: readonly Buffer[];
}

/** A question with the answers that it was given, in their order; an empty one is the end of the connection. */
export interface Exchange {
  readonly question: Buffer;
  readonly answers: Buffer[];
}

/** What a server is, seen from one connection: says what it answers to what it hears. */
export interface Hearing {
  /** What it says unasked. */
  greeting(): readonly Buffer[];
  hear(bytes: Buffer): readonly Buffer[];
}

/** Takes down which answers each question was given, over connections that come in one order or another. */
export class Transcript {
  readonly #language: Language;
  readonly #exchanges: Exchange[] = [];

  constructor(language: Language) {
    this.#language = language;
  }

  /** Begins a connection. */
  connection(): {
    readonly asked: (bytes: Buffer) => void;
    readonly said: (bytes: Buffer) => void;
    readonly ended: () => void;
  } {
    const own: Exchange[] = [];
    const note = (question: Buffer): void => {
      const exchange = { question, answers: [] };
      own.push(exchange);
      this.#exchanges.push(exchange);
    };
    note(Buffer.alloc(0));
    const [questions, answers] = [this.#language.questions(), this.#language.answers()];
    return {
      asked: (bytes) => questions(bytes).forEach(note),
      said: (bytes) => {
        for (const answer of answers(bytes)) own[this.#language.questionOf(answer, own)]?.answers.push(answer);
      },
      ended: () => void own.at(-1)?.answers.push(Buffer.alloc(0)),
    };
  }

  /** Those that were answered, in the order in which they were asked. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges.filter(({ answers }) => answers.length > 0);
  }
}

/**
 * What a server once answered, by question: a question is given what the same one was once given, or else one of its kind; when all was given, the
 * last again.
 */
export class Answers {
  readonly #language: Language;
  readonly #byName = new Map<string, Exchange[]>();

  constructor(language: Language, exchanges: readonly Exchange[]) {
    this.#language = language;
    for (const exchange of exchanges) {
      language.names(exchange.question).forEach((name, closeness) => {
        const list = this.#byName.get(`${closeness} ${name}`);
        if (list === undefined) this.#byName.set(`${closeness} ${name}`, [exchange]);
        else list.push(exchange);
      });
    }
  }

  connection(): Hearing {
    const language = this.#language;
    const questions = language.questions();
    const earlier: Buffer[] = [];
    const answer = (question: Buffer): readonly Buffer[] => {
      const exchange = this.#next(question);
      const answers = (exchange?.answers ?? []).map((said) => {
        if (said.length === 0) return said;
        const fitted = language.fitted(said, { recorded: exchange?.question ?? question, question, earlier });
        return language.wrapped?.(fitted) ?? fitted;
      });
      earlier.push(question);
      return answers;
    };
    return { greeting: () => answer(Buffer.alloc(0)), hear: (bytes) => questions(bytes).flatMap(answer) };
  }

  #next(question: Buffer): Exchange | undefined {
    const lists = this.#language.names(question).map((name, closeness) => this.#byName.get(`${closeness} ${name}`));
    const list = lists.find((one) => one !== undefined) ?? [];
    return list.length === 1 && this.#language.isRepeated(question) ? list[0] : list.shift();
  }
}

/** Cuts where this says that a frame ends; `undefined` while it has not ended. */
export function cutBy(endOf: (bytes: Buffer) => number | undefined): Cut {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const frames: Buffer[] = [];
    for (let end = endOf(rest); end !== undefined && end <= rest.length; end = endOf(rest)) {
      frames.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return frames;
  };
}

/** The same bytes, with what is random in the one question replaced by what is in the other. */
export function withRandomOf(bytes: Buffer, random: RegExp, { recorded, question }: Fit): Buffer {
  const randomOf = (one: Buffer): readonly string[] => one.toString("latin1").match(random) ?? [];
  const [was, is] = [randomOf(recorded), randomOf(question)];
  let text = bytes.toString("latin1");
  was.forEach((one, index) => (text = text.replaceAll(one, is[index] ?? one)));
  return Buffer.from(text, "latin1");
}
