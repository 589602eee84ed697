import type { Delivery } from "@busbar/core/contract";
import type { Link } from "../link.ts";
import { numberIn } from "../numbered.ts";
import { subscribeRequest } from "./records.ts";
import type { Scene } from "./scene.ts";

/** How a member of the group joins. */
export interface GroupMemberOptions {
  /** Its credit. @default 64 */
  readonly maxInFlight?: number;
  /** @default as the driver has it */
  readonly leaseMs?: number | undefined;
  /** The way of its connection. @default the straight one */
  readonly link?: Link | undefined;
  /** Called for each delivery with the number that it carries. @default nothing, so that it stays unsettled */
  readonly take?: (delivery: Delivery, number: number) => void;
}

/** A member of a durable group on the bare driver, which settles nothing by itself. */
export interface GroupMember {
  /** The topic that every group member of a case is subscribed to. */
  readonly topic: string;
  /** Everything that was handed out, in the order in which it came. */
  readonly deliveries: readonly Delivery[];
  /** What the deliveries carry, in the order in which they came. */
  readonly numbers: () => number[];
  /** Stops the hand-out, and leaves what is out to be settled. */
  stop(): Promise<void>;
  /** Ends the process: subscription and connection. */
  close(): Promise<void>;
}

/** Joins the one group of the case on the bare driver, with a broker of its own. */
export async function joinGroup(scene: Scene, member: string, options: GroupMemberOptions = {}): Promise<GroupMember> {
  const { maxInFlight = 64, take, leaseMs, link } = options;
  const broker = await scene.unopenedOver(link, member, { leaseMs });
  await scene.within("the broker of a member opens", broker.open());
  const topic = scene.topic("group");
  const deliveries: Delivery[] = [];
  const request = subscribeRequest(scene.member(member), topic, { group: scene.group("group"), maxInFlight });
  const subscriber = await broker.subscribe(request, (delivery) => {
    deliveries.push(delivery);
    take?.(delivery, numberIn(delivery.record));
  });
  return {
    topic,
    deliveries,
    numbers: () => deliveries.map((delivery) => numberIn(delivery.record)),
    stop: () => subscriber.stop(),
    async close() {
      await subscriber.close();
      await broker.close();
    },
  };
}
