import type { BrokerStatus } from "@busbar/core/contract";
import { afterEach, describe, expect, it } from "vitest";
import type { ClientControl, ClientMember, KafkaClient, MemberOptions, PartitionOffset } from "../../src/client.ts";
import { Control } from "../../src/control.ts";
import { KafkaSubscriber } from "../../src/kafka-subscriber.ts";
import { checkOptions } from "../../src/options.ts";
import { Topics } from "../../src/topics.ts";
import { Inbox, request } from "../fixtures.ts";

/** A promise that the test settles. */
class Answer<T> {
  readonly promise: Promise<T>;
  #settle: { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } | undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.promise.catch(() => undefined);
  }

  give(value: T): void {
    this.#settle?.resolve(value);
  }

  fail(error: Error): void {
    this.#settle?.reject(error);
  }
}

/** A member that has joined, as its client sees it. */
interface Joined {
  readonly member: ClientMember;
  /** As the client does when its connection is lost. */
  readonly lose: () => void;
  /** What `joinGroup` gives: pending until the client runs. */
  readonly running: Answer<ClientMember>;
}

/** A client that answers only when it is told to: what no broker can be made to do at a certain moment. */
class DrivenClient implements Pick<KafkaClient, "connectControl" | "joinGroup"> {
  /** Each look for topics. */
  readonly looks = new Inbox<Answer<readonly string[]>>();
  readonly members = new Inbox<Joined>();
  /** The looks that answer by themselves. */
  topics: readonly string[];
  answering = true;
  running = true;
  /** What a member that joins is told by the group. */
  refusal: Error | undefined;
  readonly #places: PartitionOffset[] = [];

  constructor(...topics: string[]) {
    this.topics = topics;
  }

  connectControl(): Promise<ClientControl> {
    const control: Partial<ClientControl> = {
      topics: () => {
        const look = new Answer<readonly string[]>();
        if (this.answering) look.give(this.topics);
        this.looks.add(look);
        return look.promise;
      },
      commitFor: () => Promise.resolve(),
      close: () => {},
    };
    return Promise.resolve(control as ClientControl);
  }

  joinGroup({ topics, handlers, onLost }: MemberOptions): Promise<ClientMember> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const partitions = topics.map((topic) => ({ topic, partition: 0 }));
    const member: ClientMember = {
      id: `member ${this.members.items.length}`,
      start: () => {},
      hold: () => {},
      commit: (places) => Promise.resolve(void this.#places.push(...places)),
      beat: () => Promise.resolve(true),
      bounds: () => Promise.resolve(partitions.map((partition) => ({ ...partition, low: 0, high: 0 }))),
      committed: () => Promise.resolve(this.#places),
      leave: () => Promise.resolve(),
      close: () => {},
    };
    const running = new Answer<ClientMember>();
    if (this.running) running.give(member);
    handlers.joined(member, partitions);
    this.members.add({ member, running, lose: () => onLost(new Error("the connection was reset")) });
    return running.promise;
  }
}

const open: KafkaSubscriber[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((subscriber) => subscriber.close()));
});

async function subscribed(client: DrivenClient) {
  const settings = checkOptions({ url: "kafka://host", native: { topicPollMs: 5 } });
  const told = new Inbox<BrokerStatus>();
  const driven = client as Partial<KafkaClient> as KafkaClient;
  const control = new Control(driven);
  const subscriber = await KafkaSubscriber.start(
    {
      client: driven,
      control,
      topics: new Topics(control, settings),
      settings,
      tell: told.add,
      onOpened: () => {},
      onClosed: () => {},
    },
    request("a.*"),
    () => {},
  );
  open.push(subscriber);
  return { subscriber, told };
}

const connections = (told: Inbox<BrokerStatus>): (boolean | string)[] =>
  told.items.map((status) => (status.type === "subscription" ? status.connected : status.type));
const isBack = (items: readonly BrokerStatus[]): boolean =>
  items.some((status) => status.type === "subscription" && status.connected);
const lastOf = <T>(items: readonly T[]): T => {
  const last = items.at(-1);
  if (last === undefined) throw new Error("there is none");
  return last;
};
/** Until everything that is settled has had its consequences. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve));
};

describe("a subscription by wildcard whose member is lost", () => {
  it.each([
    ["fails", undefined],
    ["finds the same", ["a.one"]],
    ["finds another", ["a.one", "a.two"]],
  ])("while it looks for topics comes back, where the look %s", async (_, found) => {
    const client = new DrivenClient("a.one");
    const { told } = await subscribed(client);
    client.answering = false;
    const look = lastOf(await client.looks.count(client.looks.items.length + 1));
    client.members.items[0]?.lose();
    expect(connections(told)).toEqual([false]);
    client.answering = true;
    client.topics = found ?? client.topics;
    if (found === undefined) look.fail(new Error("the connection was reset"));
    else look.give(found);
    await told.until(isBack, 5_000);
    // One member took its place, and no more than one.
    await turns();
    expect(client.members.items).toHaveLength(2);
    expect(connections(told)).toEqual([false, true]);
  });

  it("again, before its client runs, is not called connected until another member is there", async () => {
    const client = new DrivenClient("a.one");
    const { told } = await subscribed(client);
    client.running = false;
    client.members.items[0]?.lose();
    const [, second] = await client.members.count(2);
    // It has its partitions by then, and is told so.
    await turns();
    client.running = true;
    second?.lose();
    second?.running.give(second.member);
    await turns();
    expect(connections(told)).toEqual([false]);
    await client.members.until(({ length }) => length === 3, 5_000);
    await told.until(isBack, 5_000);
    expect(connections(told)).toEqual([false, true]);
  });

  it("before its client ever ran is none", async () => {
    const client = new DrivenClient("a.one");
    client.running = false;
    const starting = subscribed(client).then(
      () => "resolved",
      (error: unknown) => error,
    );
    const [first] = await client.members.count(1);
    await turns();
    first?.lose();
    first?.running.give(first.member);
    expect(await starting).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  });

  it("is given up for good where the group refuses it, and does not ask again", async () => {
    const client = new DrivenClient("a.one");
    const { told } = await subscribed(client);
    client.refusal = Object.assign(new Error("no"), { type: "GROUP_AUTHORIZATION_FAILED" });
    client.members.items[0]?.lose();
    await told.until((items) => items.some(({ type }) => type === "fatal"), 5_000);
    const { length } = client.looks.items;
    client.topics = ["a.one", "a.two"];
    client.refusal = undefined;
    // Ten polls: there is no fact that says that none comes.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.looks.items).toHaveLength(length);
    expect(connections(told)).toEqual([false, "fatal"]);
  });
});
