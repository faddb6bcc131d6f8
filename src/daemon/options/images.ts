import { builder } from './builder.ts';
import { absolutePath, mirror, proxy, registry, storageOption } from './check.ts';
import { choice, list, text, whole } from './option.ts';

const STORAGE_DRIVERS = ['overlay2'] as const;

/** Images, where they come from and where they are kept. */
export const IMAGES = {
  builder: builder({
    help: 'What of the build cache goes by itself: gc=false, or gc=20GB to keep so much of it',
  }),
  'allow-nondistributable-artifacts': list({
    live: true,
    help: 'Accepted as by dockerd: foreign layers are pushed to every registry',
  }),
  'http-proxy': text({ check: proxy, help: 'Proxy for http:// registries' }),
  'https-proxy': text({ check: proxy, help: 'Proxy for https:// registries' }),
  'insecure-registry': list({
    live: true,
    check: registry,
    key: 'insecure-registries',
    help: 'Registry to use without checking certificates',
  }),
  'max-concurrent-downloads': whole({ live: true, help: 'Maximum concurrent downloads (default 3)' }),
  'max-concurrent-uploads': whole({ live: true, help: 'Maximum concurrent uploads (default 5)' }),
  'max-download-attempts': whole({ live: true, help: 'Maximum attempts of each download (default 5)' }),
  'no-proxy': text({ help: 'Hosts that are reached without the proxy, separated by commas' }),
  'registry-config-dir': text({
    check: absolutePath,
    help: "How registries are reached: containerd's hosts.toml or Docker's certificates, in a directory for each (default /etc/berth/certs.d, then /etc/docker/certs.d)",
  }),
  'registry-mirror': list({
    live: true,
    check: mirror,
    key: 'registry-mirrors',
    help: 'Preferred registry mirror',
  }),
  'storage-driver': choice(STORAGE_DRIVERS, { short: 's', help: 'Storage driver to use ("overlay2")' }),
  'storage-opt': list({
    check: storageOption,
    key: 'storage-opts',
    help: 'Storage driver options: layers=auto, layers=erofs or layers=directory',
  }),
} as const;
