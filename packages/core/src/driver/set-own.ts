/** Sets a property of its own, whatever its name: a plain assignment of "__proto__" would be lost. */
export function setOwn<Value>(target: Record<string, Value>, name: string, value: Value): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
