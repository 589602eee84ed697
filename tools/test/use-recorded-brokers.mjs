import { brokerStatus } from "../brokers/index.mjs";
import { runVariable, urlVariables } from "./url-variables.mjs";

/**
 * Lets `npx vitest` use the brokers that run for this checkout, without starting any; `npm test` has named them before.
 *
 * @returns {Promise<void>}
 */
export async function setup() {
  // Every project inherits this set-up, and once is enough.
  if (process.env[runVariable] !== undefined) {
    return;
  }
  process.env[runVariable] = "recorded";
  const { brokers } = await brokerStatus();
  const running = [...brokers.values()].flatMap((broker) => ("urls" in broker ? [broker] : []));
  Object.assign(process.env, urlVariables(running));
  const absent = [...brokers.values()].filter((broker) => "absent" in broker).map(({ name }) => name);
  if (absent.length > 0) {
    console.log(
      `Not running: ${absent.join(", ")}. "npm run brokers -- up" starts them, "npm test" does it by itself.`,
    );
  }
}
