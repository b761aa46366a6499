// jest gives tests a realm of their own: without this the SDK would not take Node's errors for errors and wrap them, so
// that a connection which broke would not be tried again.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, error: unknown) {
    return this === Error
      ? (Error as unknown as { isError(error: unknown): boolean }).isError(error)
      : Function.prototype[Symbol.hasInstance].call(this, error);
  },
});
