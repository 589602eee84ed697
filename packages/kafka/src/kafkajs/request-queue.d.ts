declare module "kafkajs/src/network/requestQueue/index.js" {
  /** The requests of one connection (`kafkajs/src/network/requestQueue/index.js`): what this adapter knows of it. */
  class RequestQueue {
    readonly pending: readonly unknown[];
    /** Milliseconds since the epoch; below zero where the broker never asked to be spared. */
    readonly throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}
