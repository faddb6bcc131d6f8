/**
 * Does a pattern name a repository? `team/app` names itself, `team/*` all below, `team-*` and `*` whatever begins so:
 * a star stands for any text, slashes too.
 */
export function matches(pattern: string, repository: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return pattern === repository;
  if (!repository.startsWith(first) || repository.length < first.length + last.length) return false;
  if (!repository.endsWith(last)) return false;
  // Without regular expressions: a hostile pattern cannot make this slow.
  const end = repository.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = repository.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
