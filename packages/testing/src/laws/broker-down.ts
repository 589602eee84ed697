import assert from "node:assert/strict";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import type { Link } from "../link.ts";
import { bytesOf, numbersIn } from "../numbered.ts";
import type { Inbox } from "../scene/client.ts";
import { record } from "../scene/records.ts";
import type { Scene } from "../scene/scene.ts";

/** How long a publish may take while the broker is away, in milliseconds. */
const timeoutMs = 500;

/** E4: what a publish says while the broker is away. */
export const brokerDownLaws: readonly Law[] = [
  {
    id: "E4",
    title:
      "a publish while the broker is away fails in time, retryable, and says whether it may have been sent; later ones work when it is back",
    everywhere: true,
    needs: ["atLeastOnce"],
    facility: "link",
    deadlines: 12,
    driver: async (scene) => {
      const topic = scene.topic("driver");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const link = await scene.link();
      const broker = scene.adopt(await link.create(scene.member("publisher")));
      await scene.within("the broker opens", broker.open());
      const publish = (number: number): Promise<unknown> => broker.publish(record(topic, bytesOf(String(number))));
      await publish(0);
      await scene.arrives(inbox, 1, "the first message arrives");

      const unconfirmed = await unconfirmedWhenCut(scene, link, inbox, () => publish(1));
      assertUnknown(unconfirmed, "a publish that was sent and not confirmed has an unknown outcome");
      const refused = await failureOf(scene, "a publish while the server is away is answered", publish(2));
      assertRetryable(refused, "a publish while the server is away is refused as one to try again");
      assertNotUnknown(refused, "and the driver knows that it was not sent");
      await worksAgain(scene, link, inbox, publish);
    },
    bus: async (scene) => {
      const topic = scene.topic("bus");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const link = await scene.link();
      const broker = scene.adopt(await link.create(scene.member("publisher")));
      const bus = await scene.busOver(broker, "publisher");
      const publish = (number: number, bound = timeoutMs): Promise<unknown> =>
        bus.publish(topic, bytesOf(String(number)), { timeoutMs: bound });
      await publish(0, scene.deadlineMs);
      await scene.arrives(inbox, 1, "the first message arrives");

      // Time enough to reach the server, and then none for another try: the server is away by then.
      const unconfirmed = await unconfirmedWhenCut(scene, link, inbox, () => publish(1, 2 * timeoutMs));
      assertUnknown(unconfirmed, "a publish that was sent and not confirmed has an unknown outcome");
      await scene.eventually(
        "the bus says that its broker is away",
        () => bus.health().brokers[0]?.state !== "connected",
      );
      const began = performance.now();
      const refused = await failureOf(scene, "a publish while the broker is away is answered", publish(2));
      const took = performance.now() - began;
      assertRetryable(refused, "a publish while the broker is away is refused as one to try again");
      assertNotUnknown(refused, "and the bus knows that it was not sent");
      assert.ok(
        took >= timeoutMs,
        `a publish waits for the broker as long as it may, not ${Math.round(took)} of ${timeoutMs} ms`,
      );
      await worksAgain(scene, link, inbox, (number) => publish(number, scene.deadlineMs));
    },
  },
];

/** Publishes, cuts the connection for good once the message is there and its confirm is not, and resolves to the failure. */
async function unconfirmedWhenCut(
  scene: Scene,
  link: Link,
  inbox: Inbox,
  publish: () => Promise<unknown>,
): Promise<unknown> {
  link.holdAnswers();
  const failing = failureOf(scene, "a publish without a confirm is answered", publish());
  await scene.arrives(inbox, 2, "the message reaches the server while its confirm is held");
  link.refuse();
  link.release();
  return failing;
}

/** Resolves to what the work was rejected with, and fails where it was not, or not in time. */
async function failureOf(scene: Scene, promise: string, work: Promise<unknown>): Promise<unknown> {
  return scene.within(
    promise,
    work.then(
      () => assert.fail("nothing is confirmed while the server is away"),
      (error: unknown) => error,
    ),
  );
}

function assertRetryable(error: unknown, promise: string): void {
  assert.ok(BusError.is(error) && error.retryable, `${promise}, not with ${String(error)}`);
}

function assertUnknown(error: unknown, promise: string): void {
  assertRetryable(error, "a publish without a confirm is refused as one to try again");
  assert.equal(BusError.is(error) && error.code, "BUSBAR_OUTCOME_UNKNOWN", promise);
}

function assertNotUnknown(error: unknown, promise: string): void {
  assert.notEqual(BusError.is(error) && error.code, "BUSBAR_OUTCOME_UNKNOWN", promise);
}

/** Holds when publishing works by itself once the server takes connections, and nothing comes that was refused. */
async function worksAgain(
  scene: Scene,
  link: Link,
  inbox: Inbox,
  publish: (number: number) => Promise<unknown>,
): Promise<void> {
  link.accept();
  let number = 10;
  await scene.recovers("publishing works again once the server is back", () =>
    publish(number++).then(
      () => true,
      (error: unknown) => {
        assertRetryable(error, "until the server is back a publish is refused as one to try again");
        return false;
      },
    ),
  );
  await scene.eventually("and what is published then arrives", () => numbersIn(inbox).includes(number - 1));
  await scene.stays("what was never sent does not arrive", () => !numbersIn(inbox).includes(2));
}
