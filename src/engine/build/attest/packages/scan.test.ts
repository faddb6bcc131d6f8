import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { spdxDocument } from '../spdx.ts';
import { scanPackages } from './scan.ts';

const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync('/tmp/berth-packages-');
  roots.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const paragraph = (...lines: readonly string[]): string => `${lines.join('\n')}\n\n`;

const DPKG =
  paragraph(
    'Package: bash',
    'Status: install ok installed',
    'Maintainer: Matthias Klose <doko@debian.org>',
    'Architecture: amd64',
    'Version: 5.2.15-2+b7',
    'Description: GNU Bourne Again SHell',
    ' Version: of another line',
  ) +
  paragraph('Package: gone', 'Status: deinstall ok config-files', 'Architecture: amd64', 'Version: 1') +
  paragraph('Package: libc6', 'Status: install ok installed', 'Source: glibc (2.36)', 'Version: 2.36-9');

const APK = paragraph('P:musl-utils', 'V:1.2.4-r2', 'A:x86_64', 'L:MIT AND BSD-2-Clause', 'o:musl', 'F:sbin');

const urls = (root: string): string[] => scanPackages(root).map(({ url }) => url);

describe('packages of a file system', () => {
  it('what dpkg has installed, and what stands alone', () => {
    const root = tree({
      'etc/os-release': 'PRETTY_NAME="x"\nID=debian\nVERSION_ID="12"\n',
      'var/lib/dpkg/status': DPKG,
      'var/lib/dpkg/status.d/tzdata': paragraph('Package: tzdata', 'Version: 2024a', 'Architecture: all'),
      'var/lib/dpkg/status.d/tzdata.md5sums': 'Package: none\nVersion: 1\n',
    });
    assert.deepEqual(urls(root), [
      'pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=debian-12',
      'pkg:deb/debian/libc6@2.36-9?distro=debian-12&upstream=glibc',
      'pkg:deb/debian/tzdata@2024a?arch=all&distro=debian-12',
    ]);
  });

  it('what apk and npm have, the latter wherever it lies', () => {
    const described = (name: string, more = {}) => JSON.stringify({ name, version: '1.0.0', ...more });
    const root = tree({
      'etc/os-release': 'ID=alpine\nVERSION_ID=3.18.4\n',
      'lib/apk/db/installed': APK,
      'app/package.json': described('the-application'),
      'app/node_modules/a/package.json': described('a', { license: 'MIT' }),
      'app/node_modules/a/test/package.json': described('no-package-of-ours'),
      'app/node_modules/a/node_modules/b/package.json': described('b', { author: { name: 'B' } }),
      'app/node_modules/@s/c/package.json': described('@s/c'),
      'app/node_modules/broken/package.json': '{',
      'app/node_modules/odd/package.json': '["x"]',
    });
    assert.deepEqual(urls(root), [
      'pkg:apk/alpine/musl-utils@1.2.4-r2?arch=x86_64&distro=alpine-3.18.4&upstream=musl',
      'pkg:npm/%40s/c@1.0.0',
      'pkg:npm/a@1.0.0',
      'pkg:npm/b@1.0.0',
    ]);
  });

  it('links of an image lead nowhere but into it', () => {
    const outside = tree({ 'dpkg/status': DPKG, 'modules/x/package.json': '{"name":"x","version":"1"}' });
    const root = tree({ 'var/lib/placeholder': '', 'inside/status': DPKG });
    symlinkSync(join(outside, 'dpkg'), join(root, 'var/lib/dpkg'));
    symlinkSync(join(outside, 'modules'), join(root, 'node_modules'));
    assert.deepEqual(urls(root), []);
    rmSync(join(root, 'var/lib/dpkg'));
    symlinkSync('/inside', join(root, 'var/lib/dpkg'));
    assert.equal(urls(root).length, 2);
    assert.deepEqual(urls(tree({})), []);
  });

  it('become a document: the same content, the same document', () => {
    const packages = scanPackages(tree({ 'lib/apk/db/installed': APK }));
    const about = { name: 'image', identity: 'sha256:1', created: '2026-01-02T03:04:05.678Z', tool: 'berth' };
    const document = JSON.stringify(spdxDocument(packages, about));
    assert.equal(document, JSON.stringify(spdxDocument(packages, about)));
    assert.match(document, /"documentNamespace":"urn:uuid:[0-9a-f-]{36}"/);
    assert.match(document, /"created":"2026-01-02T03:04:05Z"/);
    assert.match(document, /"licenseDeclared":"MIT AND BSD-2-Clause"/);
    assert.match(
      document,
      /"relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-Package-[0-9a-f]{16}"/,
    );
    const other = JSON.stringify(spdxDocument(packages, { ...about, identity: 'sha256:2' }));
    assert.notEqual(other, document);
  });
});
