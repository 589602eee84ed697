import { connect } from "@busbar/core";
import type { Subscription } from "@busbar/core";
import { Journal } from "./journal.ts";
import { newOrder, placedOrders } from "./order.ts";
import type { Order } from "./order.ts";
import { carryOut, stepNames } from "./steps.ts";
import type { StepName } from "./steps.ts";

const bus = await connect();
const journal = new Journal();

/** Each step is a service with a group of its own, so that each gets every order. */
function start(step: StepName): Promise<Subscription> {
  return bus.subscribe(placedOrders, { group: step }, async (order) => {
    await carryOut(step);
    journal.note(step, order);
  });
}

async function everyStepOf(order: Order): Promise<void> {
  await Promise.all(stepNames.map((step) => journal.whenDone(step, order)));
}

journal.begin("1. One after the other: the shop does every step itself, and the customer waits for all of them.");
const first = newOrder();
for (const step of stepNames) {
  await carryOut(step);
  journal.note(step, first);
}
journal.say("the customer has an answer");

const services = { points: await start("points"), coupon: await start("coupon"), notice: await start("notice") };

journal.begin("2. One publish, three subscribers: the customer waits until the broker has the order.");
const second = newOrder();
await bus.publish(placedOrders, second);
journal.say("the customer has an answer");
await everyStepOf(second);

await services.coupon.close();
journal.begin("3. The same, while coupon is down: nobody else notices, and the order is kept for it.");
const third = newOrder();
await bus.publish(placedOrders, third);
journal.say("the customer has an answer");
await Promise.all([journal.whenDone("points", third), journal.whenDone("notice", third)]);
journal.say("coupon comes back");
services.coupon = await start("coupon");
await everyStepOf(third);

// Removed for good, so that nothing is kept for a program that will not come back. A real service would only close.
await Promise.all(Object.values(services).map((service) => service.remove()));
await bus.close();
