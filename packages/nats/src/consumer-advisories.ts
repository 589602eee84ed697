import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";

/** What the servers tell of a consumer to whoever listens (`$JS.EVENT.ADVISORY.CONSUMER.…`). */
export interface AdvisoryListener {
  /** A message was delivered as often as the consumer lets it be, and is not delivered any more. Absent: nobody cares. */
  readonly givenUp?: ((sequence: number | undefined) => void) | undefined;
  /** Another server leads the consumer. It says so before it delivers anything. Absent: nobody cares. */
  readonly leaderElected?: (() => void) | undefined;
}

/** The advisories of one consumer, from `listen` to `end`. Where the permissions forbid them there is nothing to tell. */
export class ConsumerAdvisories {
  #subscriptions: readonly Subscription[] = [];

  listen(client: NatsConnection, stream: string, name: string, { givenUp, leaderElected }: AdvisoryListener): void {
    this.end();
    const on = (event: string, heard: (advisory: Msg) => void): Subscription =>
      client.subscribe(`$JS.EVENT.ADVISORY.CONSUMER.${event}.${stream}.${name}`, {
        callback: (error, advisory) => void (error === null && heard(advisory)),
      });
    this.#subscriptions = [
      ...(givenUp === undefined
        ? []
        : [on("MAX_DELIVERIES", (advisory) => givenUp(advisory.json<{ stream_seq?: number }>().stream_seq))]),
      ...(leaderElected === undefined ? [] : [on("LEADER_ELECTED", leaderElected)]),
    ];
  }

  end(): void {
    for (const subscription of this.#subscriptions) if (!subscription.isClosed()) subscription.unsubscribe();
    this.#subscriptions = [];
  }
}
