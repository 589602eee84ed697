import { BusError, Reject } from "@busbar/core";
import type { Bus, BusConfig } from "@busbar/core";
import { textOf } from "../numbered.ts";

/** Topics and groups of the shop: the only thing that is different from run to run. */
export interface ShopNames {
  readonly service: string;
  readonly steps: string;
  readonly totals: string;
  readonly billing: string;
}

/** What happened in the shop, as a list that has to be the same on every broker. */
export interface ShopReport {
  /** The runs of the billing handler, by order: the step, and the attempt. */
  readonly billed: Readonly<Record<string, readonly string[]>>;
  /** What an observer saw, by order: the step, and a header. */
  readonly observed: Readonly<Record<string, readonly string[]>>;
  /** Each dead letter: the order, its step, why, after how many attempts, in which words. */
  readonly dead: readonly string[];
  /** What was answered to whoever asked for totals. */
  readonly answers: readonly string[];
}

interface Step {
  readonly step: number;
  readonly fails?: "once" | "always" | "rejected";
}

const orders = ["order-1", "order-2"];
const failing: Readonly<Record<string, Step["fails"]>> = {
  "order-1/2": "once",
  "order-2/2": "always",
  "order-2/3": "rejected",
};

/** What the shop comes to, wherever it runs. */
export const shopReport: ShopReport = {
  billed: {
    "order-1": [
      "step 1, attempt 1",
      "step 2, attempt 1",
      "step 2, attempt 2",
      "step 3, attempt 1",
      "step 4, attempt 1",
    ],
    "order-2": [
      "step 1, attempt 1",
      "step 2, attempt 1",
      "step 2, attempt 2",
      "step 2, attempt 3",
      "step 3, attempt 1",
      "step 4, attempt 1",
    ],
  },
  observed: {
    "order-1": ["step 1, ä 1", "step 2, ä 2", "step 3, ä 3", "step 4, ä 4"],
    "order-2": ["step 1, ä 1", "step 2, ä 2", "step 3, ä 3", "step 4, ä 4"],
  },
  dead: [
    'order-2, {"step":2,"fails":"always"}, attempts-exhausted, 3, Error: step 2 failed',
    'order-2, {"step":3,"fails":"rejected"}, rejected, 1, Reject: no such article',
  ],
  answers: ["order-1 has 5 runs", "order-2 has 6 runs", "BUSBAR_REMOTE: there is no order-3"],
};

/** The configuration of the shop, without its broker. Frozen to the ground. */
export function shopConfig({ service, steps }: ShopNames): Omit<BusConfig, "brokers"> {
  const silent = (): void => undefined;
  const retry = Object.freeze({ attempts: 3, backoffMs: 5, maxBackoffMs: 20 });
  return Object.freeze({
    service,
    instance: "shop-0",
    policies: Object.freeze({ [steps]: Object.freeze({ retry, concurrency: 4 }) }),
    logger: Object.freeze({ info: silent, warn: silent, error: silent }),
  });
}

/**
 * A small application, as one writes it: orders whose steps are billed one after the other, with a step that fails once, one that
 * always fails and one that is refused; an observer; totals for whoever asks. It knows no broker.
 */
export class Shop {
  readonly #bus: Bus;
  readonly #names: ShopNames;
  readonly #billed = new Map<string, string[]>();
  readonly #observed = new Map<string, string[]>();

  /** @param bus Open already. */
  constructor(bus: Bus, names: ShopNames) {
    this.#bus = bus;
    this.#names = names;
  }

  /** How many runs and looks there were so far, of all that there will be. */
  get progress(): string {
    return `${count(this.#billed)} of 11 billed, ${count(this.#observed)} of 8 observed`;
  }

  get isDone(): boolean {
    return count(this.#billed) >= 11 && count(this.#observed) >= 8;
  }

  /** Resolves when every handler is subscribed. */
  async open(options: { readonly answers: boolean }): Promise<void> {
    const { steps, totals, billing } = this.#names;
    await this.#bus.subscribe<Step>(steps, { group: billing }, ({ step, fails }, { key = "", attempt }) => {
      entry(this.#billed, key).push(`step ${step}, attempt ${attempt}`);
      if (fails === "rejected") throw new Reject("no such article");
      if (fails === "always" || (fails === "once" && attempt === 1)) throw new Error(`step ${step} failed`);
    });
    await this.#bus.subscribe<Step>(steps, ({ step }, { key = "", headers }) => {
      entry(this.#observed, key).push(`step ${step}, ${headers["X-Trace"]}`);
    });
    if (options.answers)
      await this.#bus.respond<string>(totals, (order) => {
        const runs = this.#billed.get(order);
        if (runs === undefined) throw new Error(`there is no ${order}`);
        return `${order} has ${runs.length} runs`;
      });
  }

  /** Places the orders; resolves when each step of them is confirmed. */
  async sell(): Promise<void> {
    const entries = [1, 2, 3, 4].flatMap((step) =>
      orders.map((key) => {
        const fails = failing[`${key}/${step}`];
        const payload: Step = fails === undefined ? { step } : { step, fails };
        return { payload, key, headers: { "X-Trace": `ä ${step}` } };
      }),
    );
    const results = await this.#bus.publishBatch(this.#names.steps, entries);
    for (const result of results) if (!result.ok) throw result.error;
  }

  /** Asks for the totals of three orders, one of which there is not. */
  async ask(timeoutMs: number): Promise<readonly string[]> {
    const answers: string[] = [];
    for (const order of [...orders, "order-3"])
      answers.push(await this.#bus.request<string>(this.#names.totals, order, { timeoutMs }).catch(textOfFailure));
    return answers;
  }

  /** What happened so far. */
  async report(answers: readonly string[]): Promise<ShopReport> {
    const dead: string[] = [];
    for await (const { key, body, reason, attempts, error } of this.#bus.deadLetters(this.#names.billing).list())
      dead.push([key, textOf(body), reason, attempts, error.split("\n")[0]].join(", "));
    return {
      billed: Object.fromEntries([...this.#billed].sort(byName)),
      observed: Object.fromEntries([...this.#observed].sort(byName)),
      dead: dead.sort(),
      answers,
    };
  }
}

function entry(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function count(lists: Map<string, string[]>): number {
  return [...lists.values()].reduce((sum, list) => sum + list.length, 0);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function textOfFailure(error: unknown): string {
  if (!BusError.is(error)) return String(error);
  return `${error.code}: ${error.message.split(": ").at(-1)}`;
}
