import { randomUUID } from "node:crypto";
import { topic } from "@busbar/core";
import { z } from "zod";

/** An order as a customer placed it. */
export const Order = z.strictObject({ id: z.uuid(), customer: z.string(), total: z.number().positive() });

/** An order that fits the schema. */
export type Order = z.infer<typeof Order>;

/** Every order that was placed; those of one customer in their order. */
export const placedOrders = topic("order.placed", { schema: Order, key: (order) => order.customer });

/** An order with an id of its own. */
export function newOrder(): Order {
  return { id: randomUUID(), customer: "ada", total: 42 };
}
