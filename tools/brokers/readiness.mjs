import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "./thrown.mjs";

/** @import { Credentials, Endpoint } from "./broker-kind.mjs" */

/**
 * Resolves when every endpoint has answered in its own protocol, with the version that one of them told.
 *
 * @param {Record<string, Endpoint>} endpoints
 * @param {{ urls: Record<string, string>, credentials?: Credentials }} instance endpoints without a URL are left out
 * @param {{ timeoutMs: number, isAlive?: () => boolean }} options `isAlive` ends the wait early when it turns false
 * @returns {Promise<{ version?: string }>} rejects with the last failure of the endpoint that was missing
 */
export async function whenReady(endpoints, { urls, credentials }, { timeoutMs, isAlive = () => true }) {
  const deadline = Date.now() + timeoutMs;
  const answers = await Promise.all(
    Object.entries(endpoints)
      .filter(([name]) => urls[name] !== undefined)
      .map(async ([name, { probe }]) => {
        const url = new URL(urls[name] ?? "");
        for (;;) {
          try {
            return await probe({ url, ...(credentials === undefined ? {} : { credentials }) });
          } catch (error) {
            if (!isAlive()) {
              throw new Error("it ended before it answered", { cause: error });
            }
            if (Date.now() >= deadline) {
              throw new Error(
                `its endpoint ${name} did not answer within ${timeoutMs / 1000} s (${messageOf(error)})`,
                { cause: error },
              );
            }
          }
          await sleep(100);
        }
      }),
  );
  if (!isAlive()) {
    // Then somebody else answered on a port that ours could not take.
    throw new Error("it ended, and another program answers on its port");
  }
  return answers.find(({ version }) => version !== undefined) ?? {};
}
