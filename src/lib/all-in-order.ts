/**
 * Waits for all of several things that were begun in an order and build upon each other. When some fail the first in
 * that order is the reason: what came behind it failed because of it, and may have said so earlier.
 */
export async function allInOrder(begun: readonly Promise<unknown>[]): Promise<void> {
  const failure = (await Promise.allSettled(begun)).find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}
