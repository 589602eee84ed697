import { cutBy, withRandomOf } from "./exchanges.ts";
import type { Cut, Language } from "./exchanges.ts";

/** Part of a consumer's name, and a message's id. */
const random = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const frames = (): Cut => cutBy((bytes) => endOf(bytes, 0));

/** Redis (RESP2): whatever is asked is answered in that order. */
export const redisLanguage: Language = {
  questions: frames,
  answers: frames,
  questionOf: (_answer, exchanges) => exchanges.findIndex(({ answers }, index) => index > 0 && answers.length === 0),
  names(question) {
    const [command = "", ...words] = wordsOf(question);
    // Numbers are times, mostly, or made of them.
    const names = [
      [command, ...words].join(" "),
      [command, ...words.filter((word) => !/\d{6}/.test(word))].join(" "),
      command,
    ];
    return question.length === 0 ? [] : names.map((name) => name.replaceAll(random, "?"));
  },
  // Whoever has handled a message reads the next one.
  isRepeated: (question) => !/^XREAD/i.test(wordsOf(question)[0] ?? ""),
  fitted: (answer, fit) => withRandomOf(answer, random, fit),
};

/** What a command is made of, each behind a line that says its length. */
function wordsOf(question: Buffer): string[] {
  return question
    .toString("latin1")
    .split("\r\n")
    .filter((_line, index) => index > 0 && index % 2 === 0);
}

/** Where the value ends that begins here; `undefined` while it has not ended. */
function endOf(bytes: Buffer, from: number): number | undefined {
  const line = bytes.indexOf("\r\n", from);
  if (line === -1) return undefined;
  const [type, size] = [String.fromCharCode(bytes[from] ?? 0), Number(bytes.subarray(from + 1, line))];
  let end: number | undefined = line + 2;
  if (type === "$" && size >= 0) return end + size + 2;
  if (type !== "*") return end;
  for (let item = 0; item < size && end !== undefined; item++) {
    end = endOf(bytes, end);
    if (end !== undefined && end > bytes.length) return undefined;
  }
  return end;
}
