import { humanDuration } from '#lib/durations';
import { formatSize } from '#lib/sizes';
import type { Digest } from '#oci/digest';
import { isIndex, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import { unknownRepository } from '../content/manifests.ts';
import type { Registry } from '../registry.ts';
import type { Exchange } from './exchange.ts';

const AT_ONCE = 100;

/** HTML that is safe as it is. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | readonly Html[];

/** What is put in becomes text, unless it was made here. */
function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const shown = (part: Part): string => {
    if (part instanceof Html) return part.text;
    if (typeof part === 'object') return part.map(({ text }) => text).join('');
    return String(part).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  };
  return new Html(texts.reduce((all, text, i) => all + shown(parts[i - 1] ?? '') + text));
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
a{color:#0b57a4}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #d8dee6}
code{font-size:.9em;overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}a{color:#7db8f0}th,td{border-color:#333c46}}`;

function show(exchange: Exchange, title: string, body: Html): void {
  const page = html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${new Html(STYLE)}</style>
<h1>${title}</h1>
${body}
</html>
`;
  exchange.send(200, page.text, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
}

const next = (path: string, last: string | undefined, more: boolean): Html =>
  more && last !== undefined
    ? html`<p><a href="${path}?last=${encodeURIComponent(last)}">More</a></p>`
    : html``;

/** The repositories that whoever looks may pull from. */
export async function showRepositories(registry: Registry, exchange: Exchange): Promise<void> {
  const after = exchange.query.get('last');
  const all = await registry.catalogue.repositories.list([], after === null ? {} : { after });
  const seen = all.filter((name) => exchange.sees(name));
  const names = seen.slice(0, AT_ONCE);
  const who =
    exchange.user === undefined ? html`<a href="/?login">Sign in</a>` : html`Signed in as ${exchange.user}`;
  const rows = await Promise.all(
    names.map(async (name) => {
      const tags = (await registry.catalogue.tags.list([name])).length;
      return html`<tr><td><a href="/repositories/${name}">${name}</a><td>${tags}</tr>\n`;
    }),
  );
  const table = html`<table><thead><tr><th>Repository<th>Tags</tr></thead><tbody>
${rows}</tbody></table>`;
  const body = html`${exchange.guarded ? html`<p>${who}</p>` : html``}
${rows.length > 0 ? table : html`<p>There is nothing here yet.</p>`}
${next('/', names.at(-1), seen.length > names.length)}`;
  show(exchange, 'Repositories', body);
}

/** The tags of one. @throws NAME_UNKNOWN, also for who may not know of it */
export async function showRepository(registry: Registry, exchange: Exchange, name: string): Promise<void> {
  if (!exchange.sees(name) || !(await registry.catalogue.repositories.get(name)))
    throw unknownRepository(name);
  const after = exchange.query.get('last');
  const found = await registry.catalogue.tags.list([name], {
    limit: AT_ONCE + 1,
    ...(after !== null && { after }),
  });
  const tags = found.slice(0, AT_ONCE);
  const host = exchange.header('host') ?? '';
  const rows = await Promise.all(
    tags.map(async (tag) => {
      const record = await registry.catalogue.tags.get(name, tag);
      if (!record) return html``;
      const what = await contentOf(registry, record.digest);
      return html`<tr><td>${tag}<td>${what}<td>${humanDuration(Date.now() - record.updated)} ago
<td><code>docker pull ${host}/${name}:${tag}</code><br><code>${record.digest}</code></tr>\n`;
    }),
  );
  show(
    exchange,
    name,
    html`<p><a href="/">All repositories</a></p>
<table><thead><tr><th>Tag<th>Content<th>Pushed<th>Name</tr></thead><tbody>
${rows}</tbody></table>
${next(`/repositories/${name}`, tags.at(-1), found.length > tags.length)}`,
  );
}

async function contentOf(registry: Registry, digest: Digest): Promise<string> {
  const manifest = parseManifest(await registry.storage.read(digest, MAX_MANIFEST_BYTES));
  if (!isIndex(manifest)) return formatSize(manifest.layers.reduce((sum, { size }) => sum + size, 0));
  const platforms = manifest.manifests.flatMap(({ platform }) =>
    platform ? [[platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')] : [],
  );
  return platforms.join(', ');
}
