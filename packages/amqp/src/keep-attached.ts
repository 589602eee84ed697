import type { BusError } from "@busbar/core/driver";
import { backoffDelayMs, pause, reconnectPolicy } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import { believedRefusals } from "./connection.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./dial.ts";

/** What stayed attached this long is taken to be well again. */
const provenAfterMs = 1000;

/** Something that lives on a connection: a consumer, the channels for publishing. */
export interface Attachment {
  /** Puts it onto a connection. Rejects when that fails. */
  readonly attach: (link: Link, again: boolean) => Promise<Attached>;
  readonly onLost: (error: BusError) => void;
  readonly onBack: () => void;
  /** Refused again and again: it has been given up. */
  readonly onFatal: (error: BusError) => void;
  /** For the errors, as the beginning of a sentence. */
  readonly what: string;
}

/** What is attached. */
export interface Attached {
  /** Resolves with the reason when it is lost. */
  readonly end: Promise<BusError>;
}

/**
 * Attaches once, rejecting when that fails, and from then on again whenever it was lost, with the connection or without, until the signal
 * aborts. This is how everything on a connection comes back: each thing by itself, so that none holds up another.
 */
export async function keepAttached(connection: Connection, attachment: Attachment, signal: AbortSignal): Promise<void> {
  const { attach, what } = attachment;
  const link = await connection.next();
  const { end } = await attach(link, false).catch((error: unknown) => {
    throw classify(error, { what });
  });
  void goOn(connection, attachment, signal, end);
}

async function goOn(
  connection: Connection,
  attachment: Attachment,
  signal: AbortSignal,
  firstEnd: Promise<BusError>,
): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  let end: Promise<BusError> | undefined = firstEnd;
  let attachedAt = Date.now();
  let tries = 0;
  let refusals = 0;
  for (;;) {
    if (end !== undefined) {
      const error = await Promise.race([stopped, end]);
      if (error === undefined || signal.aborted) return;
      attachment.onLost(error);
      end = undefined;
      // What is lost as soon as it is there must not make a hot loop either.
      tries = Date.now() - attachedAt < provenAfterMs ? tries + 1 : 0;
    }
    if (tries > 0) await pause(backoffDelayMs(tries, reconnectPolicy), signal);
    let link: Link | undefined;
    try {
      link = await Promise.race([stopped, connection.next()]);
    } catch (error) {
      if (!signal.aborted) attachment.onFatal(error as BusError);
      return;
    }
    if (link === undefined || signal.aborted) return;
    try {
      ({ end } = await attachment.attach(link, true));
      attachedAt = Date.now();
      refusals = 0;
      if (!signal.aborted) attachment.onBack();
    } catch (thrown) {
      tries++;
      const error = classify(thrown, { what: attachment.what });
      refusals = error.retryable ? 0 : refusals + 1;
      if (refusals >= believedRefusals) return attachment.onFatal(error);
    }
  }
}
