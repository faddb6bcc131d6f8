import { invalid } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import { followRename } from './links.ts';
import { checkName } from './validate.ts';

/** @throws notFound, invalid, conflict when the name is taken */
export async function rename(context: Context, reference: string, name: string): Promise<void> {
  if (name === '' || reference === '') throw invalid('Neither old nor new names may be empty');
  const id = await renameLocked(context, reference, checkName(name));
  // With its lock released: two that are linked to each other may be renamed at the same time.
  await finishRename(context, id);
}

async function renameLocked(context: Context, reference: string, name: string): Promise<string> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  const { formerNames = [] } = record;
  if (record.name === name) {
    throw invalid('Renaming a container with the same name as its current name');
  }
  using _reservation = context.store.reserve(name, record.id);
  const renamed = { ...record, name, formerNames: [...formerNames, record.name] };
  context.store.save(renamed, { action: 'rename', attributes: { oldName: `/${record.name}` } });
  return record.id;
}

/** What goes by a former name of a container follows. Also after a rename that was cut off by a crash. */
export async function finishRename(context: Context, id: string): Promise<void> {
  const { formerNames = [], name } = context.store.byId(id) ?? {};
  if (name === undefined || formerNames.length === 0) return;
  await context.options.networks.rename(id, name);
  for (const from of formerNames) await followRename(context, { from, to: name });
  using _lock = await context.locks.acquire(id);
  const record = context.store.byId(id);
  // Renamed once more meanwhile: then that one follows up for all.
  if (record?.name === name) context.store.save({ ...record, formerNames: undefined });
}
