import { DockerfileError, type Lines } from '#dockerfile';
import { emulatorOf, programHeader, readEmulators } from '#linux/binfmt';
import { formatPlatform, type Platform } from '#oci/image';

/** Architectures whose processors run programs of another as they are. */
const NATIVE: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

/**
 * Whether commands of a platform run here, by itself or through an emulator; before anything is pulled for them.
 * @throws DockerfileError at the command's line
 */
export function checkRunnable(platform: Platform, host: Platform, lines: Lines): void {
  const { os, architecture } = platform;
  if (os === host.os && architecture === host.architecture) return;
  if (os === host.os && NATIVE[host.architecture]?.includes(architecture)) return;
  const name = formatPlatform(platform);
  const cannot = `a command for ${name} cannot be run on ${formatPlatform(host)}`;
  const instead = 'build in a stage FROM --platform=$BUILDPLATFORM and copy its result';
  const header = os === 'linux' ? programHeader(architecture) : undefined;
  if (!header) throw new DockerfileError(`${cannot}: ${instead}`, lines);
  const emulator = emulatorOf(header, readEmulators());
  if (!emulator) {
    throw new DockerfileError(
      `${cannot}: no emulator is registered for ${architecture} (binfmt_misc). Register one, such as Debian's qemu-user-static, or ${instead}`,
      lines,
    );
  }
  if (!emulator.fixed) {
    throw new DockerfileError(
      `${cannot}: the emulator ${emulator.interpreter} is registered without the flag F, so that it would have to be in the image. Register it with that flag, or ${instead}`,
      lines,
    );
  }
}
