import { invalid } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import { checkName } from './validate.ts';

/** @throws notFound, invalid, conflict when the name is taken */
export async function rename(context: Context, reference: string, name: string): Promise<void> {
  if (name === '' || reference === '') throw invalid('Neither old nor new names may be empty');
  using locked = await lockContainer(context, reference);
  const bare = checkName(name);
  const { record } = locked;
  if (record.name === bare) {
    throw invalid('Renaming a container with the same name as its current name');
  }
  using _reservation = context.store.reserve(bare, record.id);
  context.store.save(
    { ...record, name: bare },
    { action: 'rename', attributes: { oldName: `/${record.name}` } },
  );
  await context.options.networks.rename(record.id, bare);
}
