import { statSync } from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import { isPropagation } from './mount-mode.ts';
import { checkVolumeName, cleanPath, mountDestination } from './mount-paths.ts';
import type { MountSpec } from './record.ts';

/**
 * Checks one `--mount`.
 * @throws invalid `invalid mount config for type "bind": ...` naming the field
 */
export function checkMountSpec(spec: MountSpec): MountSpec {
  try {
    return CHECKS[spec.type]?.(spec, mountDestination(required(spec.target, 'Target'))) ?? unknown();
  } catch (error) {
    throw invalid(
      `invalid mount config for type "${spec.type}": ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
}

const unknown = (): never => {
  throw invalid('mount type unknown');
};

const CHECKS: Readonly<Partial<Record<string, (spec: MountSpec, target: string) => MountSpec>>> = {
  bind(spec, target) {
    forbidden(spec, 'volume', 'VolumeOptions');
    forbidden(spec, 'image', 'ImageOptions');
    forbidden(spec, 'tmpfs', 'TmpfsOptions');
    const source = required(spec.source, 'Source');
    if (!source.startsWith('/')) {
      throw invalid(`invalid mount path: '${source}' mount path must be absolute`);
    }
    const propagation = spec.bind?.propagation;
    if (propagation && !isPropagation(propagation)) throw invalid(`invalid propagation mode: ${propagation}`);
    checkReadOnly(spec);
    if (!spec.bind?.createMountpoint && !exists(source)) {
      throw invalid(`bind source path does not exist: ${source}`);
    }
    return { ...spec, source: cleanPath(source), target };
  },
  volume(spec, target) {
    forbidden(spec, 'bind', 'BindOptions');
    forbidden(spec, 'image', 'ImageOptions');
    forbidden(spec, 'tmpfs', 'TmpfsOptions');
    if (spec.source === '' && spec.readonly) {
      throw invalid('must not set ReadOnly mode when using anonymous volumes');
    }
    if (spec.source !== '') checkVolumeName(spec.source);
    const subpath = spec.volume?.subpath;
    checkSubpath(subpath, 'volume');
    if (subpath && spec.source === '') throw invalid('must not set Subpath when using anonymous volumes');
    return { ...spec, target };
  },
  image(spec, target) {
    forbidden(spec, 'bind', 'BindOptions');
    forbidden(spec, 'volume', 'VolumeOptions');
    forbidden(spec, 'tmpfs', 'TmpfsOptions');
    required(spec.source, 'Source');
    checkSubpath(spec.image?.subpath, 'image');
    return { ...spec, target };
  },
  tmpfs(spec, target) {
    forbidden(spec, 'bind', 'BindOptions');
    forbidden(spec, 'volume', 'VolumeOptions');
    forbidden(spec, 'image', 'ImageOptions');
    if (spec.source !== '') throw invalid('field Source must not be specified');
    if ((spec.tmpfs?.size ?? 0) < 0) throw invalid('field TmpfsOptions.SizeBytes must not be negative');
    return { ...spec, target };
  },
};

function checkSubpath(subpath: string | undefined, whole: string): void {
  if (subpath && (subpath.startsWith('/') || subpath.split('/').includes('..'))) {
    throw invalid(`invalid subpath: '${subpath}' must be a relative path within the ${whole}`);
  }
}

function checkReadOnly({ readonly, bind = {} }: MountSpec): void {
  if (bind.readOnlyNonRecursive && !readonly) throw invalid('mount is ReadOnlyNonRecursive but not ReadOnly');
  if (!bind.readOnlyForceRecursive) return;
  if (!readonly) throw invalid('mount is ReadOnlyForceRecursive but not ReadOnly');
  if (bind.propagation !== 'rprivate') {
    throw invalid('mount is ReadOnlyForceRecursive but Propagation is not rprivate');
  }
  if (bind.nonRecursive) throw invalid('mount is ReadOnlyForceRecursive but NonRecursive');
}

function required(value: string, field: string): string {
  if (value === '') throw invalid(`field ${field} must not be empty`);
  return value;
}

function forbidden(spec: MountSpec, key: 'bind' | 'volume' | 'tmpfs' | 'image', field: string): void {
  if (spec[key] !== undefined) throw invalid(`field ${field} must not be specified`);
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
