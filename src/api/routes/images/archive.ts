import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { mediaType } from '#protocol';
import { decodePlatforms } from '../../decode/platform.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { sendFile } from '../../streams/send-file.ts';

export function archiveRoutes(router: Router, { images }: Engine): void {
  const save = async (exchange: Exchange, names: readonly string[]) => {
    const tar = await images.save(names, { platforms: platformsOf(exchange), signal: exchange.signal });
    await sendFile(exchange, tar, mediaType.tar);
  };

  router.get('/images/get', async (exchange) => {
    const names = exchange.query.all('names').filter(Boolean);
    if (names.length === 0) throw invalid('no image was named: give names=<image>');
    await save(exchange, names);
  });

  router.get('/images/{name...}/get', (exchange) => save(exchange, [exchange.param('name')]));

  router.post('/images/load', (exchange) =>
    exchange.lines(async (lines) => {
      const { query, signal, body } = exchange;
      const platforms = platformsOf(exchange);
      const quiet = query.flag('quiet', true);
      const report = new ProgressReport(lines);
      const { loaded } = await images.load(body, {
        quiet,
        signal,
        platforms,
        ...(!quiet && { onProgress: report.add }),
      });
      for (const name of loaded) await lines.write({ stream: `${loadedText(name)}\n` });
    }),
  );
}

/** Known since 1.48, more than one since 1.52. @throws invalid */
function platformsOf(exchange: Exchange): string[] {
  if (!exchange.since('1.48')) return [];
  const texts = exchange.query.all('platform');
  if (texts.length > 1 && !exchange.since('1.52')) {
    throw invalid(
      'multiple platform parameters are not supported in this API version; use API version 1.52 or later',
    );
  }
  return decodePlatforms(texts);
}

const loadedText = (name: string): string =>
  name.startsWith('sha256:') ? `Loaded image ID: ${name}` : `Loaded image: ${name}`;
