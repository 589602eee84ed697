import type { Capabilities, OutboundRecord } from "../contract/index.ts";
import { deadLetterDetails, deadLetterSlot, deadLetterToRecord } from "../delivery/dead-letter.ts";
import type { DeadLetter } from "../delivery/dead-letter.ts";
import type { HeldMessage } from "../delivery/held-message.ts";
import { describe } from "../delivery/describe.ts";
import type { Burial, DeathReason } from "../delivery/intake.ts";
import { abortable } from "../driver/abortable.ts";
import { BusError, TimeoutError } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { PlanContext } from "./plan-context.ts";
import type { ResolvedSubscribeOptions } from "./subscribe-options.ts";
import { within } from "./within.ts";

/** How long the broker may take to confirm a dead letter, in milliseconds; then it is tried again. */
const buryTimeoutMs = 30_000;

const late = (): Error => new TimeoutError(`The dead letter was not confirmed within ${buryTimeoutMs} ms.`);

/** Makes the function that puts a message among the dead letters of its subscription, wherever those are. */
export function undertaker(
  filter: ParsedFilter,
  { deadLetter, group }: ResolvedSubscribeOptions,
  { settings, routing, link }: PlanContext,
): (message: HeldMessage, reason: DeathReason, error: unknown) => Promise<Burial> {
  const kept = (where: string, { topic, id, reason, attempts, error }: DeadLetter): Burial => {
    settings.logger.warn(`Dead letter in "${where}": ${topic} ${id} (${reason}, runs: ${attempts}): ${error}`);
    return "kept";
  };
  return async (message, reason, error) => {
    const from = message.source.broker;
    const letter = {
      ...letterOf(message, reason, error, filter, group ?? settings.service),
      // Published again by the routes it would not reach who gave it up.
      ...(routing.brokerOf(message.topic, undefined).name === from ? undefined : { broker: from }),
    };
    if (deadLetter === false) {
      settings.logger.warn(
        `Discarded ${letter.topic} ${letter.id} (${reason}), as deadLetter: false asks: ${letter.error}`,
      );
      return "discarded";
    }
    if (deadLetter?.topic !== undefined) {
      const broker = routing.brokerOf(deadLetter.topic, deadLetter.broker);
      const target = link(broker.name);
      const { topic } = deadLetter;
      const address = routing.addressOf(topic, broker);
      await asItFits(letter, address, target.supports, (record) =>
        target.publishes.send({ ...record, topic }, buryTimeoutMs, undefined),
      );
      return kept(topic, letter);
    }
    const target = link(deadLetter?.broker ?? message.source.broker);
    const slot = deadLetterSlot(letter, message.delivery.record.id !== undefined);
    const store = target.supports.deadLetters === "unsupported" ? undefined : target.broker.deadLetters;
    if (store !== undefined) {
      await asItFits(letter, `_busbar.dlq.${letter.group}`, target.supports, (record) =>
        within(buryTimeoutMs, late, (signal) => abortable(store.put(letter.group, slot, record, { signal }), signal)),
      );
      return kept(letter.group, letter);
    }
    // Subscribing at least once is refused there; what is delivered at most once may be lost.
    settings.logger.warn(
      `Discarded ${letter.topic} ${letter.id} (${reason}), for broker "${target.name}" keeps no dead letters: ${letter.error}`,
    );
    return "discarded";
  };
}

/** Puts a dead letter with all that it says, or with less where that makes it larger than its broker takes. */
async function asItFits(
  letter: DeadLetter,
  address: string,
  { headers }: Capabilities,
  put: (record: OutboundRecord) => Promise<unknown>,
): Promise<void> {
  for (const detail of deadLetterDetails) {
    try {
      await put(deadLetterToRecord(letter, address, headers !== "unsupported", detail));
      return;
    } catch (error) {
      if (detail === "least" || !BusError.is(error) || error.code !== "BUSBAR_TOO_LARGE") throw error;
    }
  }
}

function letterOf(
  message: HeldMessage,
  reason: DeathReason,
  error: unknown,
  filter: ParsedFilter,
  group: string,
): DeadLetter {
  const { record } = message.delivery;
  return {
    id: message.id,
    topic: message.topic,
    key: record.key,
    headers: record.headers,
    body: record.body,
    contentType: record.contentType,
    timestamp: message.timestamp,
    group,
    filter: filter.canonical,
    reason,
    error: describe(error),
    attempts: message.failures,
    deadAt: Date.now(),
  };
}
