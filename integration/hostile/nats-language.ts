import { cutBy, withRandomOf } from "./exchanges.ts";
import type { Cut, Language } from "./exchanges.ts";

/** One half of an inbox, as the client makes it up. */
const random = /[0-9A-Z]{22}/g;
const carriesPayload = /^(?:H?PUB|H?MSG)$/i;

/** A line, and behind some of them as many bytes as its last word says, with a line's end of their own. */
const frames = (): Cut =>
  cutBy((bytes) => {
    const end = bytes.indexOf("\r\n");
    if (end === -1) return undefined;
    const words = wordsOf(bytes);
    return carriesPayload.test(words[0] ?? "") ? end + 2 + Number(words.at(-1)) + 2 : end + 2;
  });

/** NATS and JetStream over it: what is asked says the subject on which it is to be answered, and each subscription has a number. */
export const natsLanguage: Language = {
  questions: frames,
  answers: frames,
  questionOf(answer, exchanges) {
    const [verb, subject = "", sid] = wordsOf(answer);
    if (verb === "INFO") return 0;
    if (verb === "PONG")
      return exchanges.findIndex(({ question, answers }) => wordsOf(question)[0] === "PING" && answers.length === 0);
    const replied = exchanges.findLastIndex(({ question }) => replyOf(question) === subject);
    if (replied !== -1) return replied;
    const questions = exchanges.map(({ question }) => question);
    // A message that was pulled comes under its own subject.
    return exchanges.findLastIndex(({ question }) => sid !== undefined && sidFor(replyOf(question), questions) === sid);
  },
  names(question) {
    const [verb = "", subject = ""] = wordsOf(question);
    if (!carriesPayload.test(verb)) return [verb];
    const payload = question.subarray(question.indexOf("\r\n")).toString("latin1");
    return [`${subject} ${payload}`, subject].map((name) => name.replaceAll(random, "?"));
  },
  // Whoever has settled a message pulls the next one.
  isRepeated: (question) => !(wordsOf(question)[1] ?? "").startsWith("$JS.API.CONSUMER.MSG.NEXT."),
  fitted(answer, fit) {
    const [verb = "", subject = "", , ...rest] = wordsOf(answer);
    if (!carriesPayload.test(verb)) return answer;
    const sid = sidFor(replyOf(fit.question), fit.earlier) ?? "0";
    const [was = "", is = ""] = [replyOf(fit.recorded), replyOf(fit.question)];
    const head = [verb, subject === was ? is : subject, sid, ...rest].join(" ");
    return withRandomOf(Buffer.concat([Buffer.from(head), answer.subarray(answer.indexOf("\r\n"))]), random, fit);
  },
};

function wordsOf(frame: Buffer): string[] {
  const end = frame.indexOf("\r\n");
  return frame
    .subarray(0, end === -1 ? frame.length : end)
    .toString("latin1")
    .split(/[ \t]+/);
}

/** Where a publish is to be answered, if anywhere. */
function replyOf(question: Buffer): string | undefined {
  const words = wordsOf(question);
  const sizes = words[0] === "HPUB" ? 2 : 1;
  return carriesPayload.test(words[0] ?? "") && words.length === 3 + sizes ? words[2] : undefined;
}

/** The number of the subscription that hears what is said on a subject. */
function sidFor(subject: string | undefined, questions: readonly Buffer[]): string | undefined {
  if (subject === undefined) return undefined;
  for (const question of questions.toReversed()) {
    const words = wordsOf(question);
    if (words[0] !== "SUB") continue;
    const pattern = words[1] ?? "";
    if (pattern === subject || (pattern.endsWith(".*") && subject.startsWith(pattern.slice(0, -1))))
      return words.at(-1);
  }
  return undefined;
}
