import { ownAssignment } from "./assignment.mjs";
import { LoadConsumer } from "./consumer.mjs";
import { LoadPublisher } from "./publisher.mjs";

/** @import { Answer, Question } from "./assignment.mjs" */

const assignment = ownAssignment();
let consumer = assignment.role === "publisher" ? undefined : await LoadConsumer.start(assignment);
const publisher = assignment.role === "consumer" ? undefined : await LoadPublisher.start(assignment);

/** @type {Record<Question, () => Promise<unknown> | undefined>} */
const answers = {
  "stop-publishing": () => publisher?.stop(),
  "dead-letters": () => consumer?.deadLetters(),
  "renew-consumer": renewConsumer,
};

process.on("message", (/** @type {Question} */ question) => void answer(question));
process.once("SIGTERM", () => void end());
// Whoever started this is gone, so nobody compares anything any more.
process.once("disconnect", () => process.exit(1));
say({ type: "ready" });

/** @param {Question} question */
async function answer(question) {
  say({ type: question, value: await answers[question]() });
}

async function renewConsumer() {
  await consumer?.close();
  consumer = await LoadConsumer.start(assignment);
}

async function end() {
  await Promise.all([publisher?.close(), consumer?.close()]);
  process.removeAllListeners("disconnect");
  process.disconnect();
}

/** @param {Answer} message */
function say(message) {
  process.send?.(message);
}
