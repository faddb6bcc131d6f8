/** What one import statement takes from a module of Node, types left out. */
export interface BuiltinImport {
  /** `node:fs`. */
  readonly module: string;
  /** `{ setTimeout as sleep }`: the name that the module has for it, and ours. */
  readonly names: readonly { readonly name: string; readonly local: string }[];
}

const IMPORT = /^import \{([^}]+)\} from '(node:[\w/]+)';$/gm;

/**
 * Replaces the imports of Node's modules by what takes the same with process.getBuiltinModule. An import makes Node
 * evaluate every name that a module has, and some of them load much more: node:http then costs 16 MB (undici, http2, web
 * streams), node:fs its promises, streams and readline.
 */
export const replaceBuiltinImports = (source: string, by: (statement: BuiltinImport) => string): string =>
  source.replace(IMPORT, (_, list: string, module: string) => {
    const names = list.split(',').flatMap((part) => {
      const [, name, local = name] = /^\s*(?!type\s)(\w+)(?: as (\w+))?\s*$/.exec(part) ?? [];
      return name !== undefined && local !== undefined ? [{ name, local }] : [];
    });
    // As many lines as before.
    return by({ module, names }) + '\n'.repeat(list.split('\n').length - 1);
  });
