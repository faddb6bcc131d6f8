import fc from 'fast-check';
import type { Member } from '../../layer/testing/tar.ts';

const name = fc.constantFrom(
  'a',
  'b',
  'B',
  'c-d',
  'é',
  '\u{1f600}',
  '\uffee',
  'caf\udce9',
  'new\nline',
  'n'.repeat(255),
  'm'.repeat(200),
  '.wh.a',
  '.wh.b',
  '.wh..wh..opq',
  '..',
  '.',
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const size = fc.oneof(fc.constantFrom(0, 1, 511, 512, 513, 4095, 4096, 4097), fc.nat(9000));
const value = fc
  .oneof(fc.constantFrom(0, 1, 3, 4, 300, 500, 3000))
  .map((length) => Buffer.alloc(length, 'v'));
const xattrs = fc
  .dictionary(
    fc.constantFrom(
      'user.a',
      'user.bb',
      'trusted.x',
      'trusted.overlay.redirect',
      'security.capability',
      'system.posix_acl_access',
    ),
    value,
    { maxKeys: 3 },
  )
  // A file system checks the form of these.
  .map(
    (found) =>
      new Map(
        Object.entries(found).flatMap(([key, bytes]) => {
          if (key === 'system.posix_acl_access') return [];
          return [[key, key === 'security.capability' ? CAPABILITY : bytes] as const];
        }),
      ),
  );
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const id = fc.constantFrom(0, 1, 1000, 65_536, 4_294_967_294);
const mtime = fc.oneof(
  fc.constantFrom(0n, -1n, -1_500_000_000n, 1_234_567_890_123_456_789n, 17_000_000_000_000_000_001n),
  fc.bigInt({ min: 0n, max: 4_000_000_000n }).map((seconds) => seconds * 1_000_000_000n),
);

/** Entries of a layer, with all that an archive can say of them; some are hostile. */
export const members: fc.Arbitrary<Member[]> = fc.array(
  fc
    .record({
      path,
      type: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'link', 'fifo', 'char', 'block'),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: id,
      gid: id,
      mtime,
      size,
      link: fc.oneof(path, fc.constantFrom('x'.repeat(59), 'x'.repeat(600), 'x'.repeat(4095))),
      major: fc.constantFrom(0, 1, 0xfff),
      minor: fc.constantFrom(0, 3, 300, 0xfffff),
      xattrs,
    })
    .map(({ size: length, ...member }): Member => {
      const body = member.type === 'file' ? Buffer.alloc(length, member.path.length % 251) : '';
      return { ...member, body };
    }),
  { maxLength: 25 },
);
