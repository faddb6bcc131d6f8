import { posix } from 'node:path';
import { pack } from 'tar-stream';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { isDirectoryMode, statIn } from '../container/cp/container-path.ts';
import type { Owner } from './owner.ts';

/** A directory of a container with all that leads to it; what is there already stays as it is. @throws Exit */
export async function makeDirectory(
  context: Context,
  container: string,
  path: string,
  { uid, gid }: Owner = { uid: 0, gid: 0 },
): Promise<void> {
  const missing: string[] = [];
  let at = path;
  // The slash at the end follows a link.
  for (;;) {
    const found = await statIn(context, container, at === '/' ? at : `${at}/`);
    // The root of a container that has just gone is not found either: the write says so.
    if (at === '/' || (found && isDirectoryMode(found))) break;
    if (found || (await statIn(context, container, at)))
      throw new Exit(1, `cannot copy to ${path}: ${at} is no directory`);
    missing.unshift(posix.basename(at));
    at = posix.dirname(at);
  }
  if (missing.length === 0) return;
  const archive = pack();
  for (const [depth] of missing.entries()) {
    const name = `${missing.slice(0, depth + 1).join('/')}/`;
    archive.entry({ name, type: 'directory', mode: 0o755, uid, gid, mtime: new Date() });
  }
  archive.finalize();
  await context.client.archive.write(container, at, archive as AsyncIterable<Uint8Array>);
}
