import { invalid } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import { followRename } from './links.ts';
import { checkName } from './validate.ts';

/** @throws notFound, invalid, conflict when the name is taken */
export async function rename(context: Context, reference: string, name: string): Promise<void> {
  if (name === '' || reference === '') throw invalid('Neither old nor new names may be empty');
  const change = await renameLocked(context, reference, checkName(name));
  // With its lock released: two that are linked to each other may be renamed at the same time.
  await followRename(context, change);
}

async function renameLocked(
  context: Context,
  reference: string,
  name: string,
): Promise<{ from: string; to: string }> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  if (record.name === name) {
    throw invalid('Renaming a container with the same name as its current name');
  }
  using _reservation = context.store.reserve(name, record.id);
  context.store.save({ ...record, name }, { action: 'rename', attributes: { oldName: `/${record.name}` } });
  await context.options.networks.rename(record.id, name);
  return { from: record.name, to: name };
}
