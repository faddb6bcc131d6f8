import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { mediaType } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { sendFile } from '../../streams/send-file.ts';

export function archiveRoutes(router: Router, { images }: Engine): void {
  const save = async (exchange: Exchange, names: readonly string[]) => {
    const platform = decodePlatform(exchange.query.text('platform'));
    const tar = await images.save(names, { ...(platform && { platform }), signal: exchange.signal });
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
      const platform = decodePlatform(query.text('platform'));
      const quiet = query.flag('quiet');
      const report = new ProgressReport(lines);
      const { loaded } = await images.load(body, {
        quiet,
        signal,
        ...(platform && { platform }),
        ...(!quiet && { onProgress: report.add }),
      });
      for (const name of loaded) await lines.write({ stream: `${loadedText(name)}\n` });
    }),
  );
}

const loadedText = (name: string): string =>
  name.startsWith('sha256:') ? `Loaded image ID: ${name}` : `Loaded image: ${name}`;
