import RequestQueue from "kafkajs/src/network/requestQueue/index.js";

let isQuiet = false;

/**
 * Has the connections of kafkajs 2.2.4 look at their queues only while something waits there. It would look a thousand times a second at
 * each, for ever, with nothing in it: the time until a throttle ends, which it waits for, is below zero where there is
 * none. What waits only for the answer of another request is sent with that answer, as ever.
 */
export function quietQueues(): void {
  if (isQuiet) return;
  isQuiet = true;
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
