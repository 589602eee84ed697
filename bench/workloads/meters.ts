import { monitorEventLoopDelay } from "node:perf_hooks";
import { GCProfiler } from "node:v8";
import type { Sample } from "../measurement.ts";

/** What one collection of garbage says of itself, as far as it is read here. */
interface Collection {
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

const loopResolutionMs = 1;

/** Measures what this process uses from `start` to `stop`. */
export class Meters {
  readonly #profiler = new GCProfiler();
  readonly #loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  #cpu = process.cpuUsage();
  #heap = 0;
  #began = 0;

  /** Begins to measure. */
  start(): void {
    this.#loop.enable();
    this.#profiler.start();
    this.#heap = process.memoryUsage().heapUsed;
    this.#cpu = process.cpuUsage();
    this.#began = performance.now();
  }

  /** Ends measuring, and divides what was used by the number of messages. */
  stop(messages: number): Omit<Sample, "duplicates"> {
    const seconds = (performance.now() - this.#began) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const heap = process.memoryUsage().heapUsed;
    const { statistics } = this.#profiler.stop() as { readonly statistics: readonly Collection[] };
    this.#loop.disable();
    return {
      messages,
      seconds,
      perSecond: messages / seconds,
      cpuMicros: (user + system) / messages,
      allocatedBytes: allocatedBytes(this.#heap, statistics, heap) / messages,
      loopDelay: {
        p50: delayMs(this.#loop.percentile(50)),
        p99: delayMs(this.#loop.percentile(99)),
        max: delayMs(this.#loop.max),
      },
    };
  }
}

/** What the heap grew by between collections. */
export function allocatedBytes(before: number, collections: readonly Collection[], after: number): number {
  let allocated = 0;
  let used = before;
  for (const { beforeGC, afterGC } of collections) {
    allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - used);
    used = afterGC.heapStatistics.usedHeapSize;
  }
  return allocated + Math.max(0, after - used);
}

function delayMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - loopResolutionMs);
}
