import { InvalidArgumentError, reservedToken, tokenEscaping } from "@busbar/core/driver";

/** A token of a subject may hold everything but what separates subjects, stands for others, or cannot be written in a line. */
const illegal = /[\s.*>\p{Control}]/u;
const escaping = tokenEscaping((character) => !illegal.test(character));
const busToken = /^[A-Za-z0-9_-]+$/;

/**
 * The subject of a concrete bus topic: the same tokens, each unescaped, so that foreign clients see the names they would choose
 * themselves. Throws `InvalidArgumentError` where the subject would be the server's own (`$JS.…`).
 */
export function topicToSubject(topic: string): string {
  const subject = topic.includes("_x") ? topic.split(".").map(tokenToName).join(".") : topic;
  if (subject.startsWith("$")) {
    throw new InvalidArgumentError(
      `Topic "${topic}" is the subject ${subject}, and subjects with "$" in front belong to the server.`,
      {
        broker: "nats",
        topic,
      },
    );
  }
  return subject;
}

/** The bus topic of a subject: the inverse of `topicToSubject`. */
export function subjectToTopic(subject: string): string {
  if (subject === last.subject) return last.topic;
  const topic = plainSubject.test(subject) ? subject : subject.split(".").map(nameToToken).join(".");
  last = { subject, topic };
  return topic;
}
/** The one before, which is most often the next one too. */
let last = { subject: "", topic: "" };
const plainSubject = /^(?!.*_x)[A-Za-z0-9_.-]+$/;

/** The subject pattern of a bus filter: `*` stays, `**` is `>`. */
export function filterToPattern(filter: string): string {
  return filter
    .split(".")
    .map((token) => (token === "*" ? "*" : token === "**" ? ">" : tokenToName(token)))
    .join(".");
}

/** Tells whether this subject is none that a filter which begins with a wildcard means: the bus's own, the server's, or a reply's. */
export function isPrivateSubject(subject: string, inboxPrefix: string): boolean {
  return subject.startsWith("$") || [reservedToken, "_INBOX", inboxPrefix].some((prefix) => isUnder(subject, prefix));
}

function isUnder(subject: string, prefix: string): boolean {
  return subject.startsWith(prefix) && (subject.length === prefix.length || subject[prefix.length] === ".");
}

function tokenToName(token: string): string {
  return isFixed(token) ? token : escaping.toName(token);
}

function nameToToken(name: string): string {
  return isFixed(name) ? name : escaping.toToken(name);
}

/**
 * Tells whether the token stands for itself on both sides. A subject has no empty token and no NUL, so `_x0_` cannot be
 * unescaped; and what is escaped into it (`_x5F_x0_` and so on) must make room, or two tokens would meet in one name.
 */
function isFixed(token: string): boolean {
  for (let current = token; current.includes("_x") && busToken.test(current);) {
    const name = escaping.toName(current);
    if (name === "" || name.includes("\0")) return true;
    if (name === current) return false;
    current = name;
  }
  return false;
}
