/** TOML as far as configuration files of registries need it. */
export { parseToml, type TomlTable, type TomlValue } from './toml/parse.ts';
