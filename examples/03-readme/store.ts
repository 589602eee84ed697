/** Where the samples put what they handle: a list that can be waited for. */
const saved: { readonly id: string; readonly value: unknown }[] = [];
const waiting: (() => void)[] = [];

/** Keeps a value. */
export async function save(id: string, value: unknown): Promise<void> {
  saved.push({ id, value });
  for (const wake of waiting.splice(0)) wake();
}

/** Resolves to the first value kept that the condition takes, once there is one. */
export async function kept(condition: (value: unknown) => boolean): Promise<unknown> {
  for (;;) {
    const found = saved.find(({ value }) => condition(value));
    if (found !== undefined) return found.value;
    await new Promise<void>((wake) => void waiting.push(wake));
  }
}
