import type { Broker } from "@busbar/core/contract";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/**
 * Removes what is still running of the subscriptions in the ledger. To be called while their brokers are open: whoever
 * removes a running subscription needs not join it again.
 */
export async function removeRunning({ entries }: Ledger): Promise<void> {
  const failures = new Map<string, unknown>();
  for (const entry of entries.filter(({ state }) => state === "running")) {
    try {
      await entry.subscriber.remove();
      entry.state = "removed";
      failures.delete(entry.request.name);
    } catch (error) {
      // A group may refuse while another member is there: what the last member says is what counts.
      entry.state = "closed";
      failures.set(entry.request.name, error);
    }
  }
  throwAny([...failures.values()]);
}

/**
 * Takes away from the server whatever else the ledger says that a case left there: durable subscriptions that nobody runs,
 * and dead letters.
 *
 * @param open Opens a broker for the work; only called when there is some. The caller closes it.
 */
export async function removeLeftovers(ledger: Ledger, byMember: boolean, open: () => Promise<Broker>): Promise<void> {
  const leftovers = durableLeftovers(ledger.entries, byMember);
  if (leftovers.length === 0 && ledger.deadLetterGroups.size === 0) return;
  const broker = await open();
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => void failures.push(error));
  for (const { request } of leftovers)
    await attempt(broker.subscribe(request, () => undefined).then((subscriber) => subscriber.remove()));
  for (const group of ledger.deadLetterGroups) await attempt(dropDeadLetters(broker, group));
  throwAny(failures);
}

/** One entry for each durable subscription that is still at the server. Brokers that know members keep one for each. */
function durableLeftovers(entries: readonly LedgerEntry[], byMember: boolean): readonly LedgerEntry[] {
  const identity = ({ request }: LedgerEntry): string =>
    byMember ? `${request.name} ${request.member}` : request.name;
  const left = new Map<string, LedgerEntry>();
  for (const entry of entries) {
    if (entry.state === "removed") left.delete(identity(entry));
    else if (entry.request.durable) left.set(identity(entry), entry);
  }
  return [...left.values()];
}

async function dropDeadLetters(broker: Broker, group: string): Promise<void> {
  const handles: string[] = [];
  for await (const { handle } of broker.deadLetters?.list(group) ?? []) handles.push(handle);
  if (handles.length > 0) await broker.deadLetters?.remove(group, handles);
}

function throwAny(failures: readonly unknown[]): void {
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
}
