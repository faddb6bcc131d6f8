import { conflict } from '#lib/errors';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';

/** @throws notFound, conflict when it does not run */
export async function resize(
  context: Context,
  reference: string,
  rows: number,
  columns: number,
): Promise<void> {
  const record = context.store.get(reference);
  if (!hasProcess(record.state)) throw conflict(`container ${record.id} is not running`);
  await context.options.runtimes.resize(record.id, rows, columns);
  context.store.announce(record, {
    action: 'resize',
    attributes: { height: String(rows), width: String(columns) },
  });
}
